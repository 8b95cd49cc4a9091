using Prometheus;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Hosting;

/// <summary>
/// A worker's metrics, from what its trainer reports. docs/metrics.md lists them; a test holds the list against the code.
/// </summary>
public sealed class WorkerMetrics
{
    private readonly Counter _steps;
    private readonly Counter _skipped;
    private readonly Counter _tokens;
    private readonly Gauge _loss;
    private readonly Gauge _learningRate;
    private readonly Gauge _gradientNorm;
    private readonly Gauge _completedStep;
    private readonly Gauge _shards;
    private readonly Gauge _speed;
    private readonly Histogram _stepSeconds;
    private readonly Histogram _exchangeSeconds;
    private readonly Counter _exchangeBytes;
    private readonly Counter _failures;
    private readonly Histogram _stateRecovery;
    private readonly Counter _stateBytes;
    private readonly Histogram _evaluationSeconds;
    private readonly Histogram _checkpointPause;

    /// <summary>Makes the metrics in a registry.</summary>
    /// <param name="factory">Of the registry.</param>
    public WorkerMetrics(MetricFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        var spread = new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.001, 2, 16) };
        _steps = factory.CreateCounter("training_cluster_steps_total", "Steps that this worker took part in.");
        _skipped = factory.CreateCounter("training_cluster_skipped_steps_total", "Steps skipped for NaN or Inf.");
        _tokens = factory.CreateCounter(
            "training_cluster_tokens_total",
            "Tokens of the steps, over all workers of the job, by side: source, target.",
            "side"
        );
        _loss = factory.CreateGauge("training_cluster_loss_nats", "Label-smoothed loss of the newest step, nats a target token.");
        _learningRate = factory.CreateGauge("training_cluster_learning_rate", "Learning rate of the newest step.");
        _gradientNorm = factory.CreateGauge(
            "training_cluster_gradient_norm",
            "Global norm of the newest step's gradient, before clipping."
        );
        _completedStep = factory.CreateGauge("training_cluster_completed_step", "Newest step whose update is applied.");
        _shards = factory.CreateGauge("training_cluster_shards", "Logical shards that this worker computes in a step.");
        _speed = factory.CreateGauge(
            "training_cluster_shards_per_second",
            "Speed of this worker's own computing, median of its last steps: shards are shared out by it."
        );
        _stepSeconds = factory.CreateHistogram(
            "training_cluster_step_duration_seconds",
            "Time of a step by phase: compute (forward and backward), exchange (waiting for the all-reduce after backward), update.",
            ["phase"],
            spread
        );
        _exchangeSeconds = factory.CreateHistogram(
            "training_cluster_allreduce_wait_seconds",
            "Time that a step waited for the all-reduce after backward had ended.",
            spread
        );
        _exchangeBytes = factory.CreateCounter(
            "training_cluster_allreduce_bytes_total",
            "Bytes of the all-reduce by direction: sent, received.",
            "direction"
        );
        _failures = factory.CreateCounter(
            "training_cluster_generation_failures_total",
            "Generations that could not go on here, by stage.",
            "stage"
        );
        _stateRecovery = factory.CreateHistogram(
            "training_cluster_state_recovery_seconds",
            "Time from plan to start: state taken, peers connected.",
            spread
        );
        _stateBytes = factory.CreateCounter("training_cluster_state_received_bytes_total", "State taken from peers or checkpoints.");
        _evaluationSeconds = factory.CreateHistogram(
            "training_cluster_evaluation_duration_seconds",
            "Time of an evaluation that this worker reported.",
            spread
        );
        _checkpointPause = factory.CreateHistogram(
            "training_cluster_checkpoint_pause_seconds",
            "Time that training stood still for a checkpoint's copy.",
            spread
        );
        foreach (var side in new[] { "source", "target" })
        {
            _tokens.WithLabels(side);
        }
        foreach (var direction in new[] { "sent", "received" })
        {
            _exchangeBytes.WithLabels(direction);
        }
        foreach (var phase in new[] { "compute", "exchange", "update" })
        {
            _stepSeconds.WithLabels(phase);
        }
    }

    /// <summary>Publishes counts that others keep.</summary>
    /// <param name="published">Reads the counts at every scrape.</param>
    /// <param name="staleStreams">Streams of peers that were refused because their generation is over.</param>
    /// <param name="staleFrames">Frames that came after the end of their generation.</param>
    /// <param name="staleCommands">Commands of the coordinator that were dropped because their generation is over.</param>
    public static void PublishCounts(ProgramMetrics published, Func<long> staleStreams, Func<long> staleFrames, Func<long> staleCommands)
    {
        ArgumentNullException.ThrowIfNull(published);
        var stale = published.Factory.CreateCounter(
            "training_cluster_stale_total",
            "What came too late for its generation and was dropped, by kind: stream, frame, command.",
            "kind"
        );
        published.Registry.AddBeforeCollectCallback(() =>
        {
            stale.WithLabels("stream").IncTo(staleStreams());
            stale.WithLabels("frame").IncTo(staleFrames());
            stale.WithLabels("command").IncTo(staleCommands());
        });
    }

    /// <summary>Publishes how gradients go to peers.</summary>
    /// <param name="published">Reads the numbers at every scrape.</param>
    /// <param name="peers">Of the present generation.</param>
    public static void PublishPeers(ProgramMetrics published, Func<(int SharedMemory, int Grpc)> peers)
    {
        ArgumentNullException.ThrowIfNull(published);
        var gauge = published.Factory.CreateGauge(
            "training_cluster_allreduce_peers",
            "Peers in the present generation, by the path that this worker's gradients take to them: shared_memory, grpc.",
            "path"
        );
        published.Registry.AddBeforeCollectCallback(() =>
        {
            var (shared, grpc) = peers();
            gauge.WithLabels("shared_memory").Set(shared);
            gauge.WithLabels("grpc").Set(grpc);
        });
    }

    /// <summary>Notes what the trainer reports.</summary>
    public void Observe(WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        switch (report.ReportCase)
        {
            case WorkerReport.ReportOneofCase.Step:
                Observe(report.Step);
                break;
            case WorkerReport.ReportOneofCase.Started:
                _stateRecovery.Observe(report.Started.StateRecoveryMs / 1000);
                _stateBytes.Inc(report.Started.StateBytes);
                break;
            case WorkerReport.ReportOneofCase.Failed:
                _failures.WithLabels(report.Failed.Stage).Inc();
                break;
            case WorkerReport.ReportOneofCase.Evaluation:
                _evaluationSeconds.Observe(report.Evaluation.Seconds);
                break;
            case WorkerReport.ReportOneofCase.Checkpoint:
                _checkpointPause.Observe(report.Checkpoint.PauseMs / 1000);
                break;
        }
    }

    private void Observe(StepReport m)
    {
        _steps.Inc();
        if (m.Skipped)
        {
            _skipped.Inc();
        }
        _tokens.WithLabels("source").Inc(m.SourceTokens);
        _tokens.WithLabels("target").Inc(m.TargetTokens);
        if (m.TargetTokens > 0)
        {
            _loss.Set(m.LossSum / m.TargetTokens);
        }
        _learningRate.Set(m.LearningRate);
        _gradientNorm.Set(m.GradientNorm);
        _completedStep.Set(m.Step);
        _shards.Set(m.ShardCount);
        if (m.ShardsPerSecond > 0)
        {
            _speed.Set(m.ShardsPerSecond);
        }
        _stepSeconds.WithLabels("compute").Observe(m.ComputeMs / 1000);
        _stepSeconds.WithLabels("exchange").Observe(m.ExchangeMs / 1000);
        _stepSeconds.WithLabels("update").Observe(m.UpdateMs / 1000);
        _exchangeSeconds.Observe(m.ExchangeMs / 1000);
        _exchangeBytes.WithLabels("sent").Inc(m.SentBytes);
        _exchangeBytes.WithLabels("received").Inc(m.ReceivedBytes);
    }
}
