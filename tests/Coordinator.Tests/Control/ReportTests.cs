using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>Reports of workers: stored once, acknowledged when stored.</summary>
public class ReportTests
{
    [Fact]
    public async Task Report_SentTwice_IsStoredOnceAndAcknowledgedBothTimes()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await harness.TwoTrainAsync();
        void Evaluated(WorkerReport r) => r.Evaluation = new() { Step = 5, Bleu = 12 };

        while ((await a.NextAsync<ReportsReceived>()).Sequence < 2) { }
        a.Report("job-1", plan.Generation, Evaluated, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);
        a.Report("job-1", plan.Generation, Evaluated, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);

        Assert.Single(await harness.Store.EventsAsync("job-1", 0, 100), e => e.Evaluation is not null);
    }

    [Fact]
    public async Task Report_AfterAGap_WaitsForTheMissingOne()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await harness.TwoTrainAsync();
        while ((await a.NextAsync<ReportsReceived>()).Sequence < 2) { }
        void Log(WorkerReport r) => r.Log = new() { Level = "info", Text = "x" };

        a.Report("job-1", plan.Generation, Log, 4);
        a.Report("job-1", plan.Generation, Log, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);
    }

    [Fact]
    public async Task Metrics_OfAnEndedJob_SayHowItEnded()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await harness.TwoTrainAsync();
        a.Step(plan, 1);
        // The actor sets its gauges after the store has the step: what it answers next comes after that.
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);
        a.Report("job-1", plan.Generation, r => r.Log = new() { Level = "info", Text = "x" });
        while ((await a.NextAsync<ReportsReceived>()).Sequence < 3) { }
        Assert.Contains("training_cluster_job_step{job_id=\"job-1\"} 1", await ExposedAsync(harness), StringComparison.Ordinal);

        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new CancelRequested("")));

        var text = await ExposedAsync(harness);
        Assert.Contains("training_cluster_job_status{job_id=\"job-1\",state=\"cancelled\"} 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("training_cluster_job_workers{job_id=\"job-1\"}", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_steps_total 1", text, StringComparison.Ordinal);
    }

    private static async Task<string> ExposedAsync(ActorHarness harness)
    {
        using var stream = new MemoryStream();
        await harness.Registry.CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
