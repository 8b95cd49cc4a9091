using System.Runtime.Intrinsics.X86;
using TrainingCluster.Cli.Local;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Workers whose kernels really round otherwise do not train one job together.</summary>
public sealed class AlikeWorkersTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly string _address;
    private readonly int[] _ports = [FreePort.Next(), FreePort.Next(), FreePort.Next()];

    public AlikeWorkersTests() => _address = $"http://127.0.0.1:{_ports[0]}";

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Job_WorkerWithOtherKernels_IsNotTakenEvenWhenNobodyElseIsLeft()
    {
        Assert.SkipUnless(Avx2.IsSupported, "this processor has no kernels to choose from");
        await using var coordinator = await StartCoordinatorAsync();
        await using var first = await StartWorkerAsync("worker-1");
        await using var unlike = await StartWorkerAsync("worker-2", "ATEN_CPU_CAPABILITY=default");
        var workers = await WorkersAsync(2);
        Assert.NotEqual(workers["worker-1"].Fingerprint, workers["worker-2"].Fingerprint);
        Assert.EndsWith(", ATEN_CPU_CAPABILITY=default", workers["worker-2"].Description, StringComparison.Ordinal);

        var job = _workspace.WriteJob("job.yaml", steps: 360, "checkpoint: { everySteps: 60 }");
        await using var submit = ClusterCommand.Start(_workspace, "submit", job, "--wait", "--json", "--coordinator", _address);
        await submit.SeeAsync(text => JobEvents.Of(text).Any(item => item.Checkpoint is { Error: "" }), "a checkpoint");
        var id = JobEvents.Of(submit.Output).First().JobId;
        first.Signal(ClusterCommand.SigKill);
        var waiting = await UntilAsync(id, JobState.Queued);
        Assert.Contains("worker-2 (", waiting.Reason, StringComparison.Ordinal);
        Assert.Contains($"The job began with {workers["worker-1"].Fingerprint[..12]}: cpu", waiting.Reason, StringComparison.Ordinal);

        await using var alike = await StartWorkerAsync("worker-3");
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, $"{result.All}\n{coordinator.LogTail(40)}");
        var trained = JobEvents
            .Of(result.Output)
            .Where(item => item.Generation is not null)
            .SelectMany(item => item.Generation.Workers)
            .Distinct()
            .Order();
        Assert.Equal(["worker-1", "worker-3"], trained);
        Assert.Equal(workers["worker-1"].Fingerprint, (await GetAsync(id)).Arithmetic.Fingerprint);
    }

    private async Task<ChildProgram> StartCoordinatorAsync()
    {
        var ready = _workspace.At("coordinator.ready");
        var program = ChildProgram.Start(
            "coordinator",
            Repository.Program("Coordinator", "TrainingCluster.Coordinator.dll"),
            [
                "--data",
                _workspace.At("coordinator"),
                "--ready-file",
                ready,
                "--grpc-port",
                $"{_ports[0]}",
                "--http-port",
                $"{_ports[1]}",
                "--cluster-port",
                $"{_ports[2]}",
            ],
            _workspace.At("coordinator.log"),
            TimeProvider.System
        );
        await program.ReadyAsync(ready, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        return program;
    }

    private async Task<ChildProgram> StartWorkerAsync(string name, params string[] environment)
    {
        var program = ChildProgram.Start(
            name,
            Repository.Program("Worker", "TrainingCluster.Worker.dll"),
            ["--coordinator", $"127.0.0.1:{_ports[2]}", "--data", _workspace.At(name), "--name", name],
            _workspace.At($"{name}.log"),
            TimeProvider.System,
            ["/usr/bin/env", .. environment]
        );
        await UntilRegisteredAsync(name);
        return program;
    }

    private async Task UntilRegisteredAsync(string name)
    {
        while (!(await StatusAsync()).Workers.Any(worker => worker.Id == name && worker.State != WorkerState.Unreachable))
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private async Task<IReadOnlyDictionary<string, Arithmetic>> WorkersAsync(int count)
    {
        var status = await StatusAsync();
        Assert.Equal(count, status.Workers.Count);
        return status.Workers.ToDictionary(worker => worker.Id, worker => worker.Arithmetic);
    }

    private async Task<Job> UntilAsync(string id, JobState state)
    {
        while (true)
        {
            if (await GetAsync(id) is var job && job.State == state)
            {
                return job;
            }
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private async Task<ClusterStatus> StatusAsync() => ClusterStatus.Parser.ParseJson((await RunAsync("workers", "--json")).Output);

    private async Task<Job> GetAsync(string id) => Job.Parser.ParseJson((await RunAsync("get", id, "--json")).Output);

    private Task<Tool.Result> RunAsync(params string[] arguments) =>
        ClusterCommand.RunAsync(_workspace, "", [.. arguments, "--coordinator", _address]);
}
