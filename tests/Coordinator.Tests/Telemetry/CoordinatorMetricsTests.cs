using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Telemetry;

public class CoordinatorMetricsTests
{
    private readonly ProgramMetrics _published = new("coordinator");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly CoordinatorMetrics _metrics;

    public CoordinatorMetricsTests() => _metrics = new(_published.Factory, _time);

    private static JobMachineState Running =>
        JobMachine.Create("j", TrainingCluster.Jobs.JobSpecDefaults.Fill(new JobSpec()), DateTimeOffset.UnixEpoch) with
        {
            Phase = JobPhase.Running,
        };

    private async Task<string> ExposedAsync()
    {
        using var stream = new MemoryStream();
        await _published.Registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public async Task Documentation_Coordinator_NamesExactlyTheMetricsThatThereAre()
    {
        _metrics.SetJob("j", Running);
        _metrics.CountStale("RendezvousJoined");
        _metrics.Observe(
            "j",
            new WorkerReport
            {
                Checkpoint = new() { Bytes = 1, Seconds = 1 },
            }
        );
        _metrics.SetJob(
            "j",
            Running with
            {
                Progress = new() { Step = 1, EvaluatedStep = 1 },
            }
        );
        _metrics.SetMissing(["worker-1"]);
        _published.PublishDisk(Path.GetTempPath());
        await using var app = WebApplication.CreateSlimBuilder().Build();
        app.MeasureCalls(_published);
        using var refusals = new Refusals(_published.Factory, NullLoggerFactory.Instance);
        Assert.Equal(DocumentedMetrics.Of("Coordinator"), DocumentedMetrics.Exposed(await ExposedAsync()));
    }

    [Fact]
    public async Task SetWorkers_States_AreCountedAndAbsentOnesAreZero()
    {
        _metrics.SetWorkers([WorkerState.Idle, WorkerState.Training, WorkerState.Training]);
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_workers{state=\"training\"} 2", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_workers{state=\"unreachable\"} 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_SameStepFromTwoWorkers_IsCountedOnce()
    {
        var report = new WorkerReport
        {
            Step = new()
            {
                Step = 1,
                SourceTokens = 3,
                TargetTokens = 4,
            },
        };
        _metrics.Observe("j", report);
        _metrics.Observe("j", report);
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_job_steps_total 1", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_tokens_total 7", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetJob_NotRunningAnyMore_RemovesItsSeries()
    {
        _metrics.SetJob("j", Running);
        Assert.Contains("job_id=\"j\"", await ExposedAsync(), StringComparison.Ordinal);
        _metrics.SetJob("j", Running with { Phase = JobPhase.Suspended });
        Assert.DoesNotContain("job_id=\"j\"", await ExposedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetJob_NothingMeasuredYet_HasNoZeros()
    {
        _metrics.SetJob("j", Running);
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_job_step{job_id=\"j\"} 0", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_status{job_id=\"j\",state=\"running\"} 1", text, StringComparison.Ordinal);
        foreach (var name in new[] { "loss_nats", "bleu", "learning_rate", "tokens_per_second" })
        {
            Assert.DoesNotContain($"training_cluster_job_{name}{{", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SetJob_Ended_ItsLastValuesStayForAQuarterOfAnHour()
    {
        var last = Running with
        {
            Progress = new()
            {
                Step = 9,
                Loss = 2.5,
                EvaluatedStep = 8,
                LastBleu = 41.5,
            },
        };
        _metrics.SetJob("j", last);
        var ended = last with { Phase = JobPhase.Failed };
        _metrics.SetJob("j", ended);
        _metrics.SetJob("j", ended);
        _metrics.RemoveJob("j");
        _time.Advance(JobGauges.Kept - TimeSpan.FromSeconds(1));
        _metrics.RemoveEnded();
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_job_bleu{job_id=\"j\"} 41.5", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_loss_nats{job_id=\"j\"} 2.5", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_status{job_id=\"j\",state=\"failed\"} 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("state=\"running\"} 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("training_cluster_job_workers{", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_jobs_finished_total{result=\"failed\"} 1", text, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(1));
        _metrics.RemoveEnded();
        Assert.DoesNotContain("job_id=\"j\"", await ExposedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetMissing_OneComesBack_ItIsToldOfNoMore()
    {
        _metrics.SetMissing(["worker-1", "worker-2"]);
        _metrics.SetMissing(["worker-2"]);
        var text = await ExposedAsync();
        Assert.DoesNotContain("worker=\"worker-1\"", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_worker_missing{worker=\"worker-2\"} 1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ObserveRecovery_PhasesAndCause_AreSeparate()
    {
        _metrics.CountGeneration(GenerationCause.WorkerLost);
        _metrics.ObserveRecovery(
            new(
                GenerationCause.WorkerLost,
                TimeSpan.FromSeconds(2),
                TimeSpan.FromSeconds(0.5),
                TimeSpan.FromSeconds(0.25),
                TimeSpan.FromSeconds(1)
            )
        );
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_generations_total{cause=\"worker_lost\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_recovery_seconds_sum{phase=\"state_recovery\"} 0.25", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_recovery_seconds_sum{phase=\"detect\"} 2", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ObserveRecovery_PlannedChange_HasNoDetection()
    {
        _metrics.ObserveRecovery(
            new(GenerationCause.Rebalance, TimeSpan.Zero, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(1))
        );
        Assert.Contains("training_cluster_recovery_seconds_count{phase=\"detect\"} 0", await ExposedAsync(), StringComparison.Ordinal);
    }
}
