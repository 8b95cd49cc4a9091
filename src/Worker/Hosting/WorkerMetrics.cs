using System.Collections.Concurrent;
using Prometheus;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Hosting;

/// <summary>
/// A worker's metrics, from what its trainer reports, by job. docs/metrics.md lists them; a test holds the list against the code.
/// </summary>
/// <remarks>A job's series go <see cref="Kept"/> after the last report about it: a worker may live through thousands of jobs.</remarks>
public sealed class WorkerMetrics
{
    /// <summary>How long a job's series stay after its last report.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private static readonly string[] s_job = ["job_id"];
    private readonly ConcurrentDictionary<string, long> _reported = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
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

    /// <summary>Makes the metrics.</summary>
    /// <param name="published">What the worker publishes.</param>
    /// <param name="time">Tells when a job's last report is long ago.</param>
    public WorkerMetrics(ProgramMetrics published, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(published);
        _time = time;
        var factory = published.Factory;
        var spread = new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.001, 2, 16) };
        _steps = factory.CreateCounter("training_cluster_steps_total", "Steps that this worker took part in.", s_job);
        _skipped = factory.CreateCounter("training_cluster_skipped_steps_total", "Steps skipped for NaN or Inf.", s_job);
        _tokens = factory.CreateCounter(
            "training_cluster_tokens_total",
            "Tokens of the steps, over all workers of the job, by side: source, target.",
            "job_id",
            "side"
        );
        _loss = factory.CreateGauge("training_cluster_loss_nats", "Label-smoothed loss of the newest step, nats a target token.", s_job);
        _learningRate = factory.CreateGauge("training_cluster_learning_rate", "Learning rate of the newest step.", s_job);
        _gradientNorm = factory.CreateGauge(
            "training_cluster_gradient_norm",
            "Global norm of the newest step's gradient, before clipping.",
            s_job
        );
        _completedStep = factory.CreateGauge("training_cluster_completed_step", "Newest step whose update is applied.", s_job);
        _shards = factory.CreateGauge("training_cluster_shards", "Logical shards that this worker computes in a step.", s_job);
        _speed = factory.CreateGauge(
            "training_cluster_shards_per_second",
            "Speed of this worker's own computing, median of its last steps: shards are shared out by it.",
            s_job
        );
        _stepSeconds = factory.CreateHistogram(
            "training_cluster_step_duration_seconds",
            "Time of a step by phase: compute (forward and backward), exchange (waiting for the all-reduce after backward), update.",
            ["job_id", "phase"],
            spread
        );
        _exchangeSeconds = factory.CreateHistogram(
            "training_cluster_allreduce_wait_seconds",
            "Time that a step waited for the all-reduce after backward had ended.",
            s_job,
            spread
        );
        _exchangeBytes = factory.CreateCounter(
            "training_cluster_allreduce_bytes_total",
            "Bytes of the all-reduce by direction: sent, received.",
            "job_id",
            "direction"
        );
        _failures = factory.CreateCounter(
            "training_cluster_generation_failures_total",
            "Generations that could not go on here, by stage.",
            "job_id",
            "stage"
        );
        _stateRecovery = factory.CreateHistogram(
            "training_cluster_state_recovery_seconds",
            "Time from plan to start: state taken, peers connected; by where the state is from: own, peer, checkpoint.",
            ["job_id", "source"],
            spread
        );
        _stateBytes = factory.CreateCounter("training_cluster_state_received_bytes_total", "State taken from peers or checkpoints.", s_job);
        _evaluationSeconds = factory.CreateHistogram(
            "training_cluster_evaluation_duration_seconds",
            "Time of an evaluation that this worker reported.",
            s_job,
            spread
        );
        _checkpointPause = factory.CreateHistogram(
            "training_cluster_checkpoint_pause_seconds",
            "Time that training stood still for a checkpoint's copy.",
            s_job,
            spread
        );
        published.Registry.AddBeforeCollectCallback(RemoveOld);
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
    public static void PublishPeers(ProgramMetrics published, Func<PeerCounts> peers)
    {
        ArgumentNullException.ThrowIfNull(published);
        var gauge = published.Factory.CreateGauge(
            "training_cluster_allreduce_peers",
            "Peers in the present generation, by the path that this worker's gradients take to them: shared_memory, tcp, grpc.",
            "path"
        );
        published.Registry.AddBeforeCollectCallback(() =>
        {
            var (shared, tcp, grpc) = peers();
            gauge.WithLabels("shared_memory").Set(shared);
            gauge.WithLabels("tcp").Set(tcp);
            gauge.WithLabels("grpc").Set(grpc);
        });
    }

    /// <summary>Notes what the trainer reports.</summary>
    public void Observe(WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Header?.JobId is not { Length: > 0 } jobId)
        {
            return;
        }
        if (!_reported.ContainsKey(jobId))
        {
            Begin(jobId);
        }
        _reported[jobId] = _time.GetTimestamp();
        switch (report.ReportCase)
        {
            case WorkerReport.ReportOneofCase.Step:
                Observe(jobId, report.Step);
                break;
            case WorkerReport.ReportOneofCase.Started:
                _stateRecovery
                    .WithLabels(jobId, report.Started.RecoverySource.ToString().ToLowerInvariant())
                    .Observe(report.Started.StateRecoveryMs / 1000);
                _stateBytes.WithLabels(jobId).Inc(report.Started.StateBytes);
                break;
            case WorkerReport.ReportOneofCase.Failed:
                _failures.WithLabels(jobId, report.Failed.Stage).Inc();
                break;
            case WorkerReport.ReportOneofCase.Evaluation:
                _evaluationSeconds.WithLabels(jobId).Observe(report.Evaluation.Seconds);
                break;
            case WorkerReport.ReportOneofCase.Checkpoint:
                _checkpointPause.WithLabels(jobId).Observe(report.Checkpoint.PauseMs / 1000);
                break;
        }
    }

    private void Observe(string jobId, StepReport m)
    {
        _steps.WithLabels(jobId).Inc(Math.Max(1, m.Steps));
        if (m.Skipped)
        {
            _skipped.WithLabels(jobId).Inc(Math.Max(1, m.Steps));
        }
        _tokens.WithLabels(jobId, "source").Inc(m.SourceTokens);
        _tokens.WithLabels(jobId, "target").Inc(m.TargetTokens);
        if (m.TargetTokens > 0)
        {
            _loss.WithLabels(jobId).Set(m.LossSum / m.TargetTokens);
        }
        _learningRate.WithLabels(jobId).Set(m.LearningRate);
        _gradientNorm.WithLabels(jobId).Set(m.GradientNorm);
        _completedStep.WithLabels(jobId).Set(m.Step);
        _shards.WithLabels(jobId).Set(m.ShardCount);
        if (m.ShardsPerSecond > 0)
        {
            _speed.WithLabels(jobId).Set(m.ShardsPerSecond);
        }
        _stepSeconds.WithLabels(jobId, "compute").Observe(m.ComputeMs / 1000);
        _stepSeconds.WithLabels(jobId, "exchange").Observe(m.ExchangeMs / 1000);
        _stepSeconds.WithLabels(jobId, "update").Observe(m.UpdateMs / 1000);
        _exchangeSeconds.WithLabels(jobId).Observe(m.ExchangeMs / 1000);
        _exchangeBytes.WithLabels(jobId, "sent").Inc(m.SentBytes);
        _exchangeBytes.WithLabels(jobId, "received").Inc(m.ReceivedBytes);
    }

    /// <summary>What is counted begins at zero, so that its first increase is seen.</summary>
    private void Begin(string jobId)
    {
        _steps.WithLabels(jobId);
        _skipped.WithLabels(jobId);
        _stateBytes.WithLabels(jobId);
        _evaluationSeconds.WithLabels(jobId);
        _checkpointPause.WithLabels(jobId);
        foreach (var side in new[] { "source", "target" })
        {
            _tokens.WithLabels(jobId, side);
        }
        foreach (var direction in new[] { "sent", "received" })
        {
            _exchangeBytes.WithLabels(jobId, direction);
        }
    }

    private void RemoveOld()
    {
        foreach (var (jobId, reported) in _reported)
        {
            if (_time.GetElapsedTime(reported) > Kept && _reported.TryRemove(new(jobId, reported)))
            {
                Remove(jobId, _steps, _skipped, _tokens, _exchangeBytes, _failures, _stateBytes);
                Remove(jobId, _loss, _learningRate, _gradientNorm, _completedStep, _shards, _speed);
                Remove(jobId, _stepSeconds, _exchangeSeconds, _stateRecovery, _evaluationSeconds, _checkpointPause);
            }
        }
    }

    private static void Remove<TChild>(string jobId, params ReadOnlySpan<Collector<TChild>> metrics)
        where TChild : ChildBase
    {
        foreach (var metric in metrics)
        {
            foreach (var labels in metric.GetAllLabelValues().Where(labels => labels[0] == jobId).ToArray())
            {
                metric.RemoveLabelled(labels);
            }
        }
    }
}
