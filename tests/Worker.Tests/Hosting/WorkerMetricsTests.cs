using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Telemetry;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;
using TrainingCluster.Worker.Hosting;

namespace TrainingCluster.Worker.Tests.Hosting;

public class WorkerMetricsTests
{
    private readonly ProgramMetrics _published = new("worker");
    private readonly WorkerMetrics _metrics;

    public WorkerMetricsTests() => _metrics = new(_published.Factory);

    private async Task<string> ExposedAsync()
    {
        using var stream = new MemoryStream();
        await _published.Registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public async Task Documentation_Worker_NamesExactlyTheMetricsThatThereAre()
    {
        _metrics.Observe(new WorkerReport { Failed = new() { Stage = "PeerUnreachable" } });
        WorkerMetrics.PublishCounts(_published, () => 1, () => 2, () => 3);
        WorkerMetrics.PublishPeers(_published, () => (1, 2));
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
        _metrics.Observe(new WorkerReport { Step = report });
        _metrics.Observe(new WorkerReport { Step = report });
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_steps_total 2", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_tokens_total{side=\"source\"} 24", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_loss_nats 2.5", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_step_duration_seconds_sum{phase=\"compute\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_allreduce_wait_seconds_sum 0.5", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_allreduce_bytes_total{direction=\"sent\"} 14", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PublishPeers_AtEveryScrape_TellsThemByPath()
    {
        WorkerMetrics.PublishPeers(_published, () => (3, 4));
        var text = await ExposedAsync();
        Assert.Contains("training_cluster_allreduce_peers{path=\"shared_memory\"} 3", text, StringComparison.Ordinal);
        Assert.Contains("training_cluster_allreduce_peers{path=\"grpc\"} 4", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PublishCounts_AtEveryScrape_ReadsTheNewestValue()
    {
        var streams = 1L;
        WorkerMetrics.PublishCounts(_published, () => streams, () => 0, () => 0);
        await ExposedAsync();
        streams = 5;
        Assert.Contains("training_cluster_stale_total{kind=\"stream\"} 5", await ExposedAsync(), StringComparison.Ordinal);
    }
}
