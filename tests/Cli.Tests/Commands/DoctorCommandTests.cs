using System.Text.Json;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class DoctorCommandTests
{
    [Fact]
    public async Task Doctor_OnThisMachine_TellsEveryPart()
    {
        var session = await Session.RunAsync("doctor");
        Assert.Equal(("", 0), (session.Error, session.ExitCode));
        var parts = session.Out.Split('\n').Select(line => line.Split("  ")[0]);
        string[] expected =
        [
            "SDK",
            "runtime",
            "instruction sets",
            "allocator",
            "memory",
            "ulimit -v",
            "disk",
            "/dev/shm",
            "ports",
            "GPU",
            "libtorch",
            "loaded from",
            "BLAS",
            "oneDNN",
            "libtorch kernels",
            "CUDA",
        ];
        Assert.Subset(parts.ToHashSet(), expected.ToHashSet());
        Assert.Contains("libtorch          2.10.", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_Json_SaysWhetherTheMachineCanTrain()
    {
        var session = await Session.RunAsync("doctor", "--json");
        using var json = JsonDocument.Parse(session.Out);
        Assert.True(json.RootElement.GetProperty("canTrain").GetBoolean());
        Assert.Contains(
            json.RootElement.GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("part").GetString() == "libtorch"
        );
    }

    [Fact]
    public async Task Doctor_LibtorchThatIsMissing_IsReportedWithTheRest()
    {
        var session = await Session.RunAsync("doctor", "--libtorch", "/no/such/folder");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("memory", session.Out, StringComparison.Ordinal);
        Assert.Equal(
            "cluster: libtorch: --libtorch /no/such/folder: there is no such folder; give the torch/lib folder of an installed "
                + "PyTorch 2.10\n",
            session.Error
        );
    }

    [Theory]
    [InlineData("translate", "--model", "m")]
    [InlineData("attention", "--out", "o")]
    [InlineData("demo")]
    [InlineData("up")]
    [InlineData("train", "--tsv", "global.json", "--out", "o")]
    public async Task Compute_LibtorchThatIsMissing_IsOneLineBeforeAnythingElse(params string[] command)
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder.At("global.json"), "a\tb\n");
        var words = command.Select(word => word is "o" or "m" or "global.json" ? folder.At(word) : word);
        var session = await Session.RunAsync([.. words, "--libtorch", "/no/such/folder"]);
        Assert.Equal((ExitCodes.BadUsage, ""), (session.ExitCode, session.Out));
        Assert.Contains("cluster: --libtorch /no/such/folder: there is no such folder", session.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("o")));
    }
}
