using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Jobs that wait for one another: whoever makes room ends with the weights of an undisturbed run.</summary>
public sealed class QueueTests(UpFixture cluster) : IClassFixture<UpFixture>
{
    private const int Steps = 600;

    private Workspace Workspace => cluster.Workspace;

    [Fact]
    public async Task Preempted_RunningJob_WaitsIsResumedByTheQueueAndEndsWithTheSameWeights()
    {
        var weights = await UndisturbedAsync();
        var urgent = await SubmitSuspendedAsync("urgent.yaml", "priority: 10", "workers: { min: 2, max: 2 }");
        await using var job = Start("preempted.yaml", "workers: { min: 2, max: 2 }");
        await job.SeeAsync(ClusterCommand.Training);
        var id = job.Output.Split(' ')[1];

        await RunAsync("resume", urgent);
        await job.SeeAsync($"queued (preempted for {urgent}, whose priority is 10 and not 0");
        var queue = QueueStatus.Parser.ParseJson((await RunAsync("queue", "--json")).Output);
        Assert.True(Assert.Single(queue.Jobs, j => j.JobId == id) is { Preempted: true, Position: 1, NeededWorkerCount: 2 }, $"{queue}");
        Assert.Contains("needs 2 workers", (await RunAsync("queue")).Output, StringComparison.Ordinal);
        await RunAsync("cancel", urgent);

        await EndsWithAsync(weights, job, id);
    }

    [Fact]
    public async Task Elastic_RunningJob_GivesAWorkerBackGetsItAgainAndEndsWithTheSameWeights()
    {
        var weights = await UndisturbedAsync();
        var other = await SubmitSuspendedAsync("other.yaml", "workers: { min: 1, max: 1 }");
        await using var job = Start("elastic.yaml", "workers: { min: 1, max: 2 }");
        await job.SeeAsync(ClusterCommand.Training);
        var id = job.Output.Split(' ')[1];

        await RunAsync("resume", other);
        await job.SeeAsync($"back for {other}");
        await job.SeeAsync(text => text.Split("generation ").Length > 2, "a second generation");
        await RunAsync("cancel", other);

        await EndsWithAsync(weights, job, id);
    }

    /// <summary>SHA-256 of the weights of a run that nothing disturbs. The second time it is the same run.</summary>
    private async Task<string> UndisturbedAsync()
    {
        var straight = await RunAsync("submit", Workspace.WriteJob("straight.yaml", Steps), "--wait", "--request-id", "straight");
        return Weights(straight.Output);
    }

    /// <summary>A job without end that waits for the word to begin: its dataset is there by then.</summary>
    private async Task<string> SubmitSuspendedAsync(string name, params string[] settings)
    {
        var submitted = await RunAsync("submit", Workspace.WriteJob(name, 1_000_000, ["suspend: true", .. settings]));
        return submitted.Output.Split(' ', '\n')[1];
    }

    private ClusterCommand Start(string name, string settings) =>
        ClusterCommand.Start(
            Workspace,
            "submit",
            Workspace.WriteJob(name, Steps, settings),
            "--wait",
            "--coordinator",
            cluster.Coordinator
        );

    private async Task EndsWithAsync(string weights, ClusterCommand job, string id)
    {
        var result = await job.EndAsync();
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Equal(weights, Weights(result.Output));
        var ledger = JobLedger.Parser.ParseJson((await RunAsync("ledger", id, "--json")).Output);
        Assert.True(ledger.Generations.Count >= 2, $"{ledger}");
        Assert.All(ledger.Generations, g => Assert.Equal(0, g.DiscardedStepCount));
    }

    private static string Weights(string output) => output.Split("weights_sha256 ")[1].Trim();

    private async Task<Tool.Result> RunAsync(params string[] arguments)
    {
        var result = await ClusterCommand.RunAsync(Workspace, "", [.. arguments, "--coordinator", cluster.Coordinator]);
        Assert.True(result.ExitCode == 0, result.All);
        return result;
    }
}
