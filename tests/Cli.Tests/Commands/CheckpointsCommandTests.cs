using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TrainingCluster.Checkpoints;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class CheckpointsCommandTests : IDisposable
{
    private const string Weights = "weights";
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Store(string job, long step, bool best = false)
    {
        var folder = Directory.CreateDirectory(_folder.At($"jobs/{job}/checkpoints/{step}")).FullName;
        File.WriteAllText(Path.Combine(folder, "state.safetensors"), Weights);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Weights)));
        var manifest = new CheckpointManifest(
            CheckpointManifest.CurrentVersion,
            job,
            2,
            step,
            best,
            [new("state.safetensors", Weights.Length, sha256)],
            Epoch: 3
        );
        File.WriteAllBytes(Path.Combine(folder, CheckpointManifest.FileName), manifest.ToBytes());
        return folder;
    }

    private static string[] Cells(string line) => [.. line.Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(cell => cell.Trim())];

    [Fact]
    public async Task Checkpoints_AllWhole_AreListedByJobAndStepWithTheNewestBest()
    {
        Store("b", 5);
        Store("a", 40);
        Store("a", 10, best: true);
        Store("a", 20, best: true);
        Directory.CreateDirectory(_folder.At("jobs/a/checkpoints/.incoming-1"));
        Directory.CreateDirectory(_folder.At("jobs/a/model"));

        var session = await Session.RunAsync("checkpoints", _folder.Path);

        Assert.Equal(0, session.ExitCode);
        var rows = session.Out.TrimEnd().Split('\n')[1..].Select(Cells).ToList();
        Assert.Equal(
            ["a 10 3 whole", "a 20 3 whole, the best", "a 40 3 whole", "b 5 3 whole"],
            rows.Select(cells => $"{cells[0]} {cells[1]} {cells[2]} {cells[^1]}")
        );
    }

    [Theory]
    [InlineData("flip", "state.safetensors does not have the checksum it was stored with")]
    [InlineData("truncate", "state.safetensors has 6 bytes, 7 were stored")]
    [InlineData("remove", "state.safetensors is missing")]
    [InlineData("version", "checkpoint.json is of version 99, this program reads version 1")]
    [InlineData("unnamed", "checkpoint.json is missing")]
    [InlineData("garbled", "checkpoint.json cannot be read")]
    public async Task Checkpoints_OneDamaged_IsNamedWithTheCauseAndTheStatusIsOne(string damage, string cause)
    {
        Store("a", 10);
        var folder = Store("a", 20, best: true);
        var (weights, manifest) = (Path.Combine(folder, "state.safetensors"), Path.Combine(folder, CheckpointManifest.FileName));
        switch (damage)
        {
            case "flip":
                File.WriteAllText(weights, "weightz");
                break;
            case "truncate":
                File.WriteAllText(weights, "weight");
                break;
            case "remove":
                File.Delete(weights);
                break;
            case "version":
                File.WriteAllText(manifest, """{"formatVersion": 99, "files": []}""");
                break;
            case "unnamed":
                File.Delete(manifest);
                break;
            case "garbled":
                File.WriteAllText(manifest, "{");
                break;
        }

        var session = await Session.RunAsync("checkpoints", _folder.Path, "--json");

        Assert.Equal(1, session.ExitCode);
        var lines = session
            .Out.TrimEnd()
            .Split('\n')
            .Select(line => JsonSerializer.Deserialize<FoundCheckpoint>(line, JsonSerializerOptions.Web)!)
            .ToList();
        Assert.Equal([("a", 10, true), ("a", 20, false)], lines.Select(line => (line.Job, line.Step, line.IsWhole)));
        Assert.StartsWith(cause, lines[1].Problem, StringComparison.Ordinal);
        Assert.False(lines[1].Best);
        // Looking changes nothing.
        Assert.False(File.Exists(Path.Combine(folder, CheckpointManifest.DamagedMark)));
    }

    [Fact]
    public async Task Checkpoints_MarkedByTheCoordinator_IsDamagedThoughItsBytesAreWhole()
    {
        var folder = Store("a", 10);
        File.WriteAllText(Path.Combine(folder, CheckpointManifest.DamagedMark), "a bit flipped");
        var session = await Session.RunAsync("checkpoints", Path.GetDirectoryName(folder)!);
        Assert.Equal(1, session.ExitCode);
        Assert.Contains("marked as damaged (a bit flipped)", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checkpoints_NoneOrNoFolder_SaysSo()
    {
        var none = await Session.RunAsync("checkpoints", _folder.Path);
        Assert.Equal((0, "", true), (none.ExitCode, none.Out, none.Error.Contains("no checkpoints", StringComparison.Ordinal)));
        Assert.Equal(2, (await Session.RunAsync("checkpoints", _folder.At("nowhere"))).ExitCode);
    }
}
