using TrainingCluster.Cli.Local;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A coordinator that dies and comes back knows its jobs, and those who follow one miss nothing.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Coordinator_KilledWhileAJobTrains_FindsItAgainAndTheJobSucceeds()
    {
        int[] ports = [FreePort.Next(), FreePort.Next(), FreePort.Next()];
        var address = $"http://127.0.0.1:{ports[0]}";
        await using var coordinator = await StartCoordinatorAsync(ports, 1);
        await using var worker = ChildProgram.Start(
            "worker-1", Repository.Program("Worker", "TrainingCluster.Worker.dll"),
            ["--coordinator", $"127.0.0.1:{ports[2]}", "--data", _workspace.At("worker"), "--name", "worker-1"], _workspace.At("worker.log"), TimeProvider.System);
        await using var submit = ClusterCommand.Start(_workspace, "submit", _workspace.WriteJob(steps: 400), "--wait", "--json", "--coordinator", address);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Progress is { Step: > 0 }), "a step");
        ClusterCommand.Signal(coordinator.Pid, ClusterCommand.SigKill);
        await coordinator.EndedAsync(TestContext.Current.CancellationToken);
        await submit.SeeAsync("the coordinator is away");
        await using var again = await StartCoordinatorAsync(ports, 2);
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{again.LogTail(40)}");
        var events = JobEvents.Of(result.Output).ToList();
        Assert.Equal(events.Select(item => item.Token).Distinct(), events.Select(item => item.Token));
        Assert.Equal(JobState.Succeeded, events[^1].State.State);
    }

    private async Task<ChildProgram> StartCoordinatorAsync(int[] ports, int time)
    {
        var ready = _workspace.At($"coordinator-{time}.json");
        var program = ChildProgram.Start(
            "coordinator", Repository.Program("Coordinator", "TrainingCluster.Coordinator.dll"),
            ["--data", _workspace.At("coordinator"), "--grpc-port", $"{ports[0]}", "--http-port", $"{ports[1]}", "--cluster-port", $"{ports[2]}", "--ready-file", ready],
            _workspace.At("coordinator.log"), TimeProvider.System);
        await program.ReadyAsync(ready, TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        return program;
    }
}
