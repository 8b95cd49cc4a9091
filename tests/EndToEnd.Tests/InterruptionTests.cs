using System.Runtime.InteropServices;
using TrainingCluster.Hosting;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Ctrl-C at any moment leaves no process, port or file behind.</summary>
public sealed partial class InterruptionTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("preparing the dataset", ClusterCommand.SigInt, 130)]
    [InlineData("starting a coordinator", ClusterCommand.SigInt, 130)]
    [InlineData(ClusterCommand.Training, ClusterCommand.SigInt, 130)]
    [InlineData(ClusterCommand.Training, ClusterCommand.SigTerm, 143)]
    public async Task Train_Interrupted_LeavesNothingBehind(string moment, int signal, int status)
    {
        // Enough steps that it cannot be done before the signal comes.
        await using var command = ClusterCommand.Start(_workspace, _workspace.Train("out", 2, steps: 100_000));
        await command.SeeAsync(moment);
        command.Signal(signal);
        var result = await command.EndAsync();
        Assert.Equal(status, result.ExitCode);
        Assert.Contains("interrupted", result.Error, StringComparison.Ordinal);
        AssertNothingIsLeft();
        Assert.False(Directory.Exists(_workspace.At("out")));
    }

    [Fact]
    public async Task Train_Killed_TakesItsProcessesAlong()
    {
        await using var command = ClusterCommand.Start(_workspace, _workspace.Train("out", 1, steps: 100_000));
        await command.SeeAsync(ClusterCommand.Training);
        var children = ClusterCommand.ProcessesNaming(_workspace.Temporary);
        Assert.Equal(2, children.Count);
        command.Signal(ClusterCommand.SigKill);
        await command.EndAsync();
        // They look for their parent every so often; nobody tells them.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (children.Any(ClusterCommand.IsAlive))
        {
            await Task.Delay(100, limit.Token);
        }
    }

    [Fact]
    public async Task Train_WholeGroupInterrupted_StoresItsStateAndTheNextRunGoesOn()
    {
        string[] kept = ["--json", "--work-dir", _workspace.At("work")];
        await using (var command = ClusterCommand.StartAsGroup(_workspace, _workspace.Train("out", 2, steps: 500, kept)))
        {
            await command.SeeAsync(text => JobEvents.Of(text).Any(item => item.Progress is { Step: > 0 }), "a step");
            command.SignalGroup(ClusterCommand.SigInt);
            var interrupted = await command.EndAsync();
            Assert.Equal(130, interrupted.ExitCode);
        }
        AssertNothingIsLeft();
        var stored = await ClusterCommand.RunAsync(_workspace, "", "checkpoints", _workspace.At("work"));
        Assert.Contains("whole", stored.Output, StringComparison.Ordinal);

        var other = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train("other", 2, steps: 499, kept));
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("has the workers", other.Error, StringComparison.Ordinal);
        Assert.StartsWith("{\"code\":\"INVALID_ARGUMENT\",\"exitCode\":2,", other.Error, StringComparison.Ordinal);

        var again = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train("out", 2, steps: 500, kept));
        Assert.True(again.ExitCode == 0, again.All);
        // A program reads it: what is said meanwhile is for people.
        Assert.Empty(again.Error);
        Assert.Contains(JobEvents.Of(again.Output), item => item.Generation is { BaseStep: > 0 });
        Assert.True(File.Exists(_workspace.At("out/model.safetensors")));
    }

    [Fact]
    public async Task Train_InterruptedAfterACheckpoint_KeepsItAndSaysHowToGoOn()
    {
        var train = _workspace.Train("out", 1, steps: 100_000, _workspace.WithCheckpoints());
        await using var command = ClusterCommand.Start(_workspace, train);
        await command.SeeAsync(JobEvents.HasCheckpoint, "a checkpoint");
        command.Signal(ClusterCommand.SigInt);
        var interrupted = await command.EndAsync();
        Assert.Equal(130, interrupted.ExitCode);
        var kept = _workspace.KeptFolder(interrupted);
        Assert.Equal([kept], Directory.GetFileSystemEntries(_workspace.Temporary));
        var stored = await ClusterCommand.RunAsync(_workspace, "", "checkpoints", kept);
        Assert.Contains("whole", stored.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_SecondSignal_EndsAtOnce()
    {
        await using var command = ClusterCommand.Start(
            _workspace,
            _workspace.Train("out", 1, steps: 100_000, ["--work-dir", _workspace.At("work")])
        );
        await command.SeeAsync(ClusterCommand.Training);
        var worker = await ReadyFile.TryReadAsync(_workspace.At("work/run/worker-1.json"), TestContext.Current.CancellationToken);
        // It can store nothing.
        ClusterCommand.Signal(worker!.Pid, ClusterCommand.SigStop);
        command.Signal(ClusterCommand.SigTerm);
        await command.SeeAsync("another signal ends them at once");
        command.Signal(ClusterCommand.SigTerm);
        var result = await command.EndAsync();
        Assert.Equal(143, result.ExitCode);
        Assert.Contains("interrupted", result.Error, StringComparison.Ordinal);
        Assert.False(ClusterCommand.IsAlive(worker.Pid));
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("bleu", "--reference")]
    [InlineData("submit")]
    [InlineData("train", "--tsv")]
    public async Task Command_ReadsAPipeThatNobodyWritesTo_EndsAtASignal(params string[] words)
    {
        Assert.Equal(0, MakeFifo(_workspace.At("fifo"), 0b110_000_000));
        string[] output = words[0] == "train" ? ["--out", _workspace.At("out")] : [];
        await using var command = ClusterCommand.Start(_workspace, [.. words, _workspace.At("fifo"), .. output]);
        // Opens when the command has opened the other end.
        await using var writer = await Task.Run(
            () => new FileStream(_workspace.At("fifo"), FileMode.Open, FileAccess.Write),
            TestContext.Current.CancellationToken
        );
        command.Signal(ClusterCommand.SigTerm);
        var result = await command.EndAsync();
        Assert.Equal(143, result.ExitCode);
        Assert.Contains("interrupted", result.Error, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, int mode);

    [Theory]
    [InlineData(ClusterCommand.SigInt)]
    [InlineData(ClusterCommand.SigTerm)]
    public async Task Up_Interrupted_EndsCleanly(int signal)
    {
        await using var command = ClusterCommand.Start(_workspace, ["up", "--workers", "1", .. ClusterCommand.AnyPorts]);
        await command.SeeAsync("Ctrl-C stops everything.");
        Assert.Equal(2, ClusterCommand.ProcessesNaming(_workspace.Temporary).Count);
        command.Signal(signal);
        var result = await command.EndAsync();
        Assert.Equal(0, result.ExitCode);
        AssertNothingIsLeft();
    }

    private void AssertNothingIsLeft()
    {
        Assert.Empty(ClusterCommand.ProcessesNaming(_workspace.Temporary));
        Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));
    }
}
