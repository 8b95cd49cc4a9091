namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Ctrl-C at any moment leaves no process, port or file behind.</summary>
public sealed class InterruptionTests : IDisposable
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

    [Theory]
    [InlineData(ClusterCommand.SigInt)]
    [InlineData(ClusterCommand.SigTerm)]
    public async Task Up_Interrupted_EndsCleanly(int signal)
    {
        await using var command = ClusterCommand.Start(
            _workspace,
            "up",
            "--workers",
            "1",
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            "--cluster-port",
            "0"
        );
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
