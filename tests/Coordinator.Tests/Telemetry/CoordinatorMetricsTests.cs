using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Telemetry;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

public class CoordinatorMetricsTests
{
    private readonly ProgramMetrics published = new("coordinator");
    private readonly CoordinatorMetrics metrics;

    public CoordinatorMetricsTests() => metrics = new(published.Factory, TimeProvider.System);

    private static JobMachineState Running => JobMachine.Create("j", TrainingCluster.Jobs.JobSpecDefaults.Fill(new JobSpec()), DateTimeOffset.UnixEpoch) with { Phase = JobPhase.Running };

    private async Task<string> Exposed()
    {
        using var stream = new MemoryStream();
        await published.Registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public async Task Documentation_Coordinator_NamesExactlyTheMetricsThatThereAre()
    {
        metrics.SetJob("j", Running);
        metrics.CountStale("GenerationPrepared");
        metrics.Observe("j", new CheckpointReport { Bytes = 1, Seconds = 1 });
        using var refusals = new Refusals(published.Factory, NullLoggerFactory.Instance);
        Assert.Equal(DocumentedMetrics.Of("Coordinator"), DocumentedMetrics.Exposed(await Exposed()));
    }

    [Fact]
    public async Task SetWorkers_States_AreCountedAndAbsentOnesAreZero()
    {
        metrics.SetWorkers(["idle", "training", "training"]);
        var text = await Exposed();
        Assert.Contains("training_cluster_workers{state=\"training\"} 2", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_workers{state=\"unreachable\"} 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_SameStepFromTwoWorkers_IsCountedOnce()
    {
        metrics.Observe("j", new StepReport { Step = 1, SourceTokens = 3, TargetTokens = 4 });
        metrics.Observe("j", new StepReport { Step = 1, SourceTokens = 3, TargetTokens = 4 });
        var text = await Exposed();
        Assert.Contains("training_cluster_job_steps_total 1", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_tokens_total 7", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetJob_NotRunningAnyMore_RemovesItsSeries()
    {
        metrics.SetJob("j", Running);
        Assert.Contains("job_id=\"j\"", await Exposed(), StringComparison.Ordinal);
        metrics.SetJob("j", Running with { Phase = JobPhase.Suspended });
        Assert.DoesNotContain("job_id=\"j\"", await Exposed(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ObserveRecovery_PhasesAndCause_AreSeparate()
    {
        metrics.CountGeneration(GenerationCause.WorkerLost);
        metrics.ObserveRecovery(new(GenerationCause.WorkerLost, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(1)));
        var text = await Exposed();
        Assert.Contains("training_cluster_generations_total{cause=\"worker_lost\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_recovery_seconds_sum{phase=\"catch_up\"} 0.25", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_recovery_seconds_sum{phase=\"detect\"} 2", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ObserveRecovery_PlannedChange_HasNoDetection()
    {
        metrics.ObserveRecovery(new(GenerationCause.Rebalance, TimeSpan.Zero, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(1)));
        Assert.Contains("training_cluster_recovery_seconds_count{phase=\"detect\"} 0", await Exposed(), StringComparison.Ordinal);
    }
}
