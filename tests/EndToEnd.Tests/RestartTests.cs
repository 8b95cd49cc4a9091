using TrainingCluster.Cli.Local;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A coordinator that dies and comes back knows its jobs, and those who follow one miss nothing.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly Workspace _workspace = new();

    // Known before the coordinator is there: the next one has the same.
    private readonly int[] _ports = [FreePort.Next(), FreePort.Next(), FreePort.Next()];

    private string Address => $"http://127.0.0.1:{_ports[0]}";

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Coordinator_KilledWhileAJobTrains_FindsItAgainAndTheJobSucceeds()
    {
        await using var coordinator = await StartCoordinatorAsync(1);
        await using var worker = StartWorker("worker-1");
        await using var submit = Submit(_workspace.WriteJob(steps: 400));
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Progress is { Step: > 0 }), "a step");
        // For a person; with --json nothing but a failure goes to standard error.
        await using var watch = ClusterCommand.Start(
            _workspace,
            "watch",
            JobEvents.Of(submit.Output).First().JobId,
            "--coordinator",
            Address
        );
        await watch.SeeAsync("running");
        ClusterCommand.Signal(coordinator.Pid, ClusterCommand.SigKill);
        await coordinator.EndedAsync(TestContext.Current.CancellationToken);
        await watch.SeeAsync("the coordinator is away");
        await using var again = await StartCoordinatorAsync(2);
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{again.LogTail(40)}");
        var events = JobEvents.Of(result.Output).ToList();
        Assert.Equal(events.Select(item => item.Token).Distinct(), events.Select(item => item.Token));
        Assert.Equal(JobState.Succeeded, events[^1].State.State);
        Assert.Equal(0, (await watch.EndAsync()).ExitCode);
        // What was computed while nobody wrote it down is on record all the same.
        var ledger = await ClusterCommand.RunAsync(_workspace, "", "ledger", events[0].JobId, "--coordinator", Address);
        Assert.True(ledger.ExitCode == 0, ledger.All);
    }

    [Fact]
    public async Task Workers_AllKilledBeyondACheckpoint_StepsAreDoneAgainAndTheLedgerSaysSo()
    {
        await using var coordinator = await StartCoordinatorAsync(1);
        await using var worker = StartWorker("worker-1");
        var job = _workspace.WriteJob("job.yaml", steps: 360, "checkpoint: { everySteps: 60 }");
        await using var submit = Submit(job);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Checkpoint is { Error: "" }), "a checkpoint");
        ClusterCommand.Signal(worker.Pid, ClusterCommand.SigKill);
        await using var other = StartWorker("worker-2");
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{coordinator.LogTail(40)}");

        var ledger = await LedgerAsync(result.Output);
        Assert.Equal(360, ledger.LastStep);
        var first = ledger.Generations[0];
        Assert.Equal([first.LastStep + 1], ledger.Generations.Skip(1).Where(g => g.FirstStep > 0).Select(g => g.FirstStep));
        Assert.Contains(ledger.Generations, g => g.CheckpointId == $"{first.LastStep}");
        Assert.Equal(first.ReachedStep - first.LastStep, first.DiscardedStepCount);
        Assert.Equal(first.DiscardedStepCount, ledger.Generations.Skip(1).Max(g => g.RepeatedStepCount));

        var listed = await ClusterCommand.RunAsync(_workspace, "", "checkpoints", _workspace.At("coordinator"));
        Assert.True(listed.ExitCode == 0, listed.All);
        var weights = Directory.EnumerateFiles(_workspace.At("coordinator"), "state.safetensors", SearchOption.AllDirectories).First();
        await using (var file = new FileStream(weights, FileMode.Open))
        {
            file.Position = file.Length / 2;
            var bits = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(bits ^ 0x10));
        }
        var damaged = await ClusterCommand.RunAsync(_workspace, "", "checkpoints", _workspace.At("coordinator"));
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("damaged: state.safetensors does not have the checksum", damaged.Output, StringComparison.Ordinal);
    }

    // Ctrl-C at programs that were started by hand; timeout(1) signals the process and its group.
    [Theory]
    [InlineData(ClusterCommand.SigTerm, 1)]
    [InlineData(ClusterCommand.SigInt, 2)]
    public async Task Programs_AllToldToEndAtOnce_NoStepIsLost(int signal, int times)
    {
        await using var coordinator = await StartCoordinatorAsync(1);
        await using var one = StartWorker("worker-1");
        await using var two = StartWorker("worker-2");
        await RegisteredAsync(2);
        var job = _workspace.WriteJob("job.yaml", steps: 500, "checkpoint: { everySteps: 450 }");
        await using var submit = Submit(job);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Progress is { Step: > 20, WorkerCount: 2 }), "steps of two");
        // The coordinator first: it is to wait for the others.
        ChildProgram[] programs = [coordinator, one, two];
        foreach (var program in programs.SelectMany(program => Enumerable.Repeat(program, times)))
        {
            ClusterCommand.Signal(program.Pid, signal);
        }
        foreach (var program in programs)
        {
            await program.EndedAsync(TestContext.Current.CancellationToken);
            Assert.True(program.ExitCode == 0, program.LogTail(40));
        }
        await using var again = await StartCoordinatorAsync(2);
        await using var other = StartWorker("worker-1");
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{again.LogTail(40)}");
        var ledger = await LedgerAsync(result.Output);
        Assert.All(ledger.Generations, g => Assert.Equal(0, g.DiscardedStepCount));
    }

    [Fact]
    public async Task Coordinator_DiskLostWhileAJobTrains_TheJobIsTakenBackAndEndsWithTheSameWeights()
    {
        await using var coordinator = await StartCoordinatorAsync(1);
        await using var one = StartWorker("worker-1");
        await using var two = StartWorker("worker-2");
        await RegisteredAsync(2);
        var job = _workspace.WriteJob(steps: 400);
        await using var submit = Submit(job);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Progress is { Step: > 20, WorkerCount: 2 }), "steps of two");
        ClusterCommand.Signal(coordinator.Pid, ClusterCommand.SigKill);
        await coordinator.EndedAsync(TestContext.Current.CancellationToken);
        Directory.Delete(_workspace.At("coordinator"), recursive: true);
        await using var again = await StartCoordinatorAsync(2);

        var taken = await submit.EndAsync();
        Assert.True(taken.ExitCode == 0, $"{taken.All}\n{again.LogTail(40)}");
        Assert.Contains(JobEvents.Of(taken.Output), item => item.State?.Reason.Contains("taken over", StringComparison.Ordinal) == true);
        // Undisturbed.
        var other = await ClusterCommand.RunAsync(_workspace, "", "submit", job, "--wait", "--json", "--coordinator", Address);
        Assert.True(other.ExitCode == 0, other.All);
        Assert.Equal(JobEvents.Of(other.Output).Last().State.WeightsSha256, JobEvents.Of(taken.Output).Last().State.WeightsSha256);
    }

    /// <summary>Waits for workers: a small job may end before the second one is there.</summary>
    private async Task RegisteredAsync(int count)
    {
        while (true)
        {
            var listed = await ClusterCommand.RunAsync(_workspace, "", "workers", "--json", "--coordinator", Address);
            if (ClusterStatus.Parser.ParseJson(listed.Output).Workers.Count >= count)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Power_GoneInTheMiddleOfTheFirstCheckpoint_TheJobBeginsAnewAndEndsWithTheSameWeights()
    {
        var coordinator = await StartCoordinatorAsync(1);
        var worker = StartWorker("worker-1");
        var job = _workspace.WriteJob("job.yaml", steps: 300, "checkpoint: { everySteps: 40 }");
        await using var submit = Submit(job);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Checkpoint is { Error: "" }), "a checkpoint");
        foreach (var program in (ChildProgram[])[coordinator, worker])
        {
            ClusterCommand.Signal(program.Pid, ClusterCommand.SigKill);
            await program.EndedAsync(TestContext.Current.CancellationToken);
            await program.DisposeAsync();
        }
        // As a disk may leave it: one is half received, the others have their names and not all of their bytes.
        var checkpoints = Directory.EnumerateFiles(_workspace.At("coordinator"), "state.safetensors", SearchOption.AllDirectories).ToList();
        foreach (var state in checkpoints)
        {
            await using var file = new FileStream(state, FileMode.Open);
            file.SetLength(file.Length / 2);
        }
        var half = Path.Combine(_workspace.At("coordinator"), "jobs", ".uploads", ".incoming-half");
        Directory.CreateDirectory(half);
        File.Copy(checkpoints[0], Path.Combine(half, "state.safetensors"));

        await using var again = await StartCoordinatorAsync(2);
        await using var other = StartWorker("worker-1");
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{again.LogTail(40)}");
        Assert.False(Directory.Exists(half));
        var events = JobEvents.Of(result.Output).ToList();
        Assert.Contains(events, item => item.Fault is { Kind: FaultKind.CheckpointDamaged });
        Assert.Contains(events.Where(item => item.Generation is not null).Skip(1), item => item.Generation.BaseStep == 0);
        var undisturbed = await ClusterCommand.RunAsync(_workspace, "", "submit", job, "--wait", "--json", "--coordinator", Address);
        Assert.True(undisturbed.ExitCode == 0, undisturbed.All);
        Assert.Equal(JobEvents.Of(undisturbed.Output).Last().State.WeightsSha256, events[^1].State.WeightsSha256);
    }

    private ClusterCommand Submit(string job) =>
        ClusterCommand.Start(_workspace, "submit", job, "--wait", "--json", "--coordinator", Address);

    /// <summary>The audited ledger of the job that a command followed.</summary>
    private async Task<JobLedger> LedgerAsync(string followed)
    {
        var id = JobEvents.Of(followed).First().JobId;
        var audited = await ClusterCommand.RunAsync(_workspace, "", "ledger", id, "--json", "--coordinator", Address);
        Assert.True(audited.ExitCode == 0, audited.All);
        return JobLedger.Parser.ParseJson(audited.Output);
    }

    private ChildProgram StartWorker(string name) =>
        ChildProgram.Start(
            name,
            Repository.Program("Worker", "TrainingCluster.Worker.dll"),
            ["--coordinator", $"127.0.0.1:{_ports[2]}", "--data", _workspace.At(name), "--name", name],
            _workspace.At($"{name}.log"),
            TimeProvider.System
        );

    private async Task<ChildProgram> StartCoordinatorAsync(int time)
    {
        var ready = _workspace.At($"coordinator-{time}.json");
        var program = ChildProgram.Start(
            "coordinator",
            Repository.Program("Coordinator", "TrainingCluster.Coordinator.dll"),
            [
                "--data",
                _workspace.At("coordinator"),
                "--grpc-port",
                $"{_ports[0]}",
                "--http-port",
                $"{_ports[1]}",
                "--cluster-port",
                $"{_ports[2]}",
                "--ready-file",
                ready,
            ],
            _workspace.At("coordinator.log"),
            TimeProvider.System
        );
        await program.ReadyAsync(ready, TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        return program;
    }
}
