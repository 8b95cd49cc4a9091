using System.Text.Json;
using System.Text.RegularExpressions;
using TrainingCluster.Hosting;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>The invariant, with real processes: the weights depend on the specification and the data alone.</summary>
public sealed class TrainTests : IDisposable
{
    /// <summary>So many that a worker can be killed in the middle, also where the test itself gets its turn late.</summary>
    private const int Steps = 240;

    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Train_WithAnyNumberOfWorkersAndOneKilled_LeavesTheSameWeights()
    {
        var one = await TrainAsync("one", 1);
        Assert.Equal(64, one.Length);
        Assert.Equal(one, await TrainAsync("two", 2));
        Assert.Equal(one, await TrainAsync("four", 4));
        Assert.Equal(one, await TrainWithOneKilledAsync("killed"));
        Assert.Equal(one, await TrainWithTheCoordinatorKilledAsync("crash"));

        await TranslateAsync("two");
        await DamagedModelIsRefusedAsync("two");
    }

    [Fact]
    public async Task Train_ModelThatCannotBeDelivered_IsKept()
    {
        // An earlier model, and in the way of the new one a folder, which no file replaces.
        Directory.CreateDirectory(_workspace.At("out/model.safetensors"));
        await File.WriteAllTextAsync(_workspace.At("out/manifest.json"), "{}", TestContext.Current.CancellationToken);
        var result = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train("out", 1, steps: 20, "--overwrite"));
        Assert.Equal(1, result.ExitCode);
        var kept = Regex.Match(result.Error, "the model is kept in (.+)").Groups[1].Value;
        Assert.StartsWith(_workspace.Temporary, kept, StringComparison.Ordinal);
        var translated = await ClusterCommand.RunAsync(_workspace, "x\n", "translate", "--model", kept);
        Assert.True(translated.ExitCode == 0, translated.All);
    }

    private async Task<string> TrainAsync(string output, int workers)
    {
        var result = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train(output, workers, Steps));
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));
        Assert.Equal(
            ["manifest.json", "model.safetensors", "tokenizer.json"],
            Directory.GetFiles(_workspace.At(output)).Select(Path.GetFileName).Order()
        );
        var hash = HashOf(output);
        Assert.Contains($"weights_sha256 {hash}", result.Output, StringComparison.Ordinal);
        return hash;
    }

    /// <summary>Kills the second of two workers once some steps are done, and checks that it was in the job and is gone.</summary>
    private async Task<string> TrainWithOneKilledAsync(string output)
    {
        await using var command = ClusterCommand.Start(
            _workspace,
            _workspace.Train(output, 2, Steps, ["--json", "--work-dir", _workspace.At("work")])
        );
        await command.SeeAsync(BothHaveDoneSteps, "a step of two workers");
        var victim = await ReadyFile.TryReadAsync(_workspace.At("work/run/worker-2.json"), TestContext.Current.CancellationToken);
        ClusterCommand.Signal(victim!.Pid, ClusterCommand.SigKill);
        var result = await command.EndAsync();
        Assert.True(result.ExitCode == 0, result.All);
        Assert.False(ClusterCommand.IsAlive(victim.Pid));
        var generations = JobEvents.Of(result.Output).Where(item => item.Generation is not null).Select(item => item.Generation).ToList();
        Assert.Equal(["worker-1"], generations[^1].Workers);
        Assert.True(generations[^1].BaseStep > 0, $"{generations[^1]}");
        return HashOf(output);
    }

    /// <summary>Kills the coordinator once there is a checkpoint, and goes on as the command's last words say.</summary>
    private async Task<string> TrainWithTheCoordinatorKilledAsync(string output)
    {
        var train = _workspace.Train(output, 2, Steps, _workspace.WithCheckpoints());
        await using var command = ClusterCommand.Start(_workspace, train);
        await command.SeeAsync(JobEvents.HasCheckpoint, "a checkpoint");
        var ready = Directory.GetFiles(_workspace.Temporary, "coordinator.json", SearchOption.AllDirectories).Single();
        var coordinator = await ReadyFile.TryReadAsync(ready, TestContext.Current.CancellationToken);
        ClusterCommand.Signal(coordinator!.Pid, ClusterCommand.SigKill);
        var result = await command.EndAsync();
        Assert.Equal(1, result.ExitCode);
        var kept = _workspace.KeptFolder(result);

        var again = await ClusterCommand.RunAsync(_workspace, "", [.. train, "--work-dir", kept]);
        Assert.True(again.ExitCode == 0, again.All);
        Assert.Contains(JobEvents.Of(again.Output), item => item.Generation is { BaseStep: > 0 });
        return HashOf(output);
    }

    private async Task TranslateAsync(string model)
    {
        var result = await ClusterCommand.RunAsync(
            _workspace,
            "3. März 2021\n\n二〇二一年三月三日\n",
            "translate",
            "--model",
            _workspace.At(model)
        );
        Assert.True(result.ExitCode == 0, result.All);
        var lines = result.Output.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal("", lines[1]);
        Assert.Equal("", lines[3]);
    }

    private async Task DamagedModelIsRefusedAsync(string model)
    {
        var path = _workspace.At($"{model}/model.safetensors");
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        var result = await ClusterCommand.RunAsync(_workspace, "x\n", "translate", "--model", _workspace.At(model));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"{path} is damaged", result.Error, StringComparison.Ordinal);
    }

    private string HashOf(string output)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(_workspace.At($"{output}/manifest.json")));
        return manifest.RootElement.GetProperty("weights_sha256").GetString()!;
    }

    /// <summary>A worker that starts late may join at a later generation; it is in the job once that one has done a step.</summary>
    private static bool BothHaveDoneSteps(string text) =>
        JobEvents
            .Of(text)
            .SkipWhile(item => item.Generation is not { Workers.Count: 2 })
            .Any(item => item.Progress is { Step: > 0, WorkerCount: 2 });

    [Fact]
    public async Task Train_ProxyInTheEnvironment_IsNotAsked()
    {
        string[] nowhere =
        [
            .. new[] { "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY" }.Select(name => $"{name}=http://127.0.0.1:9"),
        ];
        var result = await ClusterCommand.RunWithAsync(_workspace, nowhere, _workspace.Train("model", workers: 2, steps: 20));
        Assert.True(result.ExitCode == 0, result.All);
    }
}
