using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TrainingCluster.Telemetry;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;
using TrainingCluster.Worker.Hosting;

namespace TrainingCluster.Worker.Tests.Hosting;

public class WorkerMetricsTests
{
    private readonly ProgramMetrics _published = new("worker", "worker-7");
    private readonly FakeTimeProvider _time = new();
    private readonly WorkerMetrics _metrics;

    public WorkerMetricsTests() => _metrics = new(_published, _time);

    private void Observe(string jobId, WorkerReport report)
    {
        report.Header = new() { JobId = jobId };
        _metrics.Observe(report);
    }

    private async Task<string> ExposedAsync()
    {
        using var stream = new MemoryStream();
        await _published.Registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public async Task Documentation_Worker_NamesExactlyTheMetricsThatThereAre()
    {
        Observe("j", new WorkerReport { Failed = new() { Stage = "PeerUnreachable" } });
        Observe("j", new WorkerReport { Started = new() { RecoverySource = RecoverySource.Checkpoint } });
        Observe(
            "j",
            new WorkerReport
            {
                Step = new() { TargetTokens = 1, ShardsPerSecond = 1 },
            }
        );
        _published.PublishDisk(Path.GetTempPath());
        await using var app = WebApplication.CreateSlimBuilder().Build();
        app.MeasureCalls(_published);
        WorkerMetrics.PublishCounts(_published, () => 1, () => 2, () => 3);
        WorkerMetrics.PublishPeers(_published, () => new(1, 2, 3));
        using var refusals = new Refusals(_published.Factory, NullLoggerFactory.Instance);
        Assert.Equal(DocumentedMetrics.Of("Worker"), DocumentedMetrics.Exposed(await ExposedAsync()));
    }

    [Fact]
    public async Task Observe_Steps_AddUpWithTheirUnits()
    {
        var report = new StepReport
        {
            Step = 4,
            TargetTokens = 10,
            SourceTokens = 12,
            LossSum = 25,
            ComputeMs = 500,
            ExchangeMs = 250,
            UpdateMs = 125,
            SentBytes = 7,
            ShardCount = 3,
        };
        Observe("j", new WorkerReport { Step = report });
        Observe("j", new WorkerReport { Step = report });
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_steps_total{job_id=\"j\",worker=\"worker-7\"} 2", text, StringComparison.Ordinal);
        Assert.Contains(
            "training_cluster_tokens_total{job_id=\"j\",side=\"source\",worker=\"worker-7\"} 24",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("training_cluster_loss_nats{job_id=\"j\",worker=\"worker-7\"} 2.5", text, StringComparison.Ordinal);
        Assert.Contains(
            "training_cluster_step_duration_seconds_sum{job_id=\"j\",phase=\"compute\",worker=\"worker-7\"} 1",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "training_cluster_allreduce_wait_seconds_sum{job_id=\"j\",worker=\"worker-7\"} 0.5",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "training_cluster_allreduce_bytes_total{job_id=\"j\",direction=\"sent\",worker=\"worker-7\"} 14",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task PublishPeers_AtEveryScrape_TellsThemByPath()
    {
        WorkerMetrics.PublishPeers(_published, () => new(3, 4, 5));
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_allreduce_peers{path=\"shared_memory\",worker=\"worker-7\"} 3", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_allreduce_peers{path=\"tcp\",worker=\"worker-7\"} 4", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_allreduce_peers{path=\"grpc\",worker=\"worker-7\"} 5", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PublishCounts_AtEveryScrape_ReadsTheNewestValue()
    {
        var streams = 1L;
        WorkerMetrics.PublishCounts(_published, () => streams, () => 0, () => 0);
        await ExposedAsync();
        streams = 5;
        Assert.Contains(
            "training_cluster_stale_total{kind=\"stream\",worker=\"worker-7\"} 5",
            await ExposedAsync(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Observe_AnotherJob_TheFirstOnesSeriesGoLater()
    {
        Observe(
            "first",
            new WorkerReport
            {
                Step = new() { Step = 1, TargetTokens = 1 },
            }
        );
        _time.Advance(WorkerMetrics.Kept);
        Observe(
            "second",
            new WorkerReport
            {
                Step = new() { Step = 1, TargetTokens = 1 },
            }
        );
        Assert.Contains("job_id=\"first\"", await ExposedAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        var text = await ExposedAsync();
        Assert.DoesNotContain("job_id=\"first\"", text, StringComparison.Ordinal);
        Assert.Contains("job_id=\"second\"", text, StringComparison.Ordinal);
    }
}
