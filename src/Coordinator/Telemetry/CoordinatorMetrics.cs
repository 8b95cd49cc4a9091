using Google.Protobuf;
using Prometheus;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>The coordinator's metrics. docs/metrics.md lists them; a test holds the list against the code.</summary>
/// <remarks>Only gauges of running jobs carry the job's id, and they go with it.</remarks>
public sealed class CoordinatorMetrics
{
    private static readonly string[] WorkerStates = ["idle", "training", "draining", "unreachable"];
    private readonly Gauge workers;
    private readonly Gauge jobs;
    private readonly Counter generations;
    private readonly Histogram recovery;
    private readonly Counter discarded;
    private readonly Counter stale;
    private readonly Counter steps;
    private readonly Counter tokens;
    private readonly Counter skipped;
    private readonly Histogram checkpointSeconds;
    private readonly Histogram checkpointBytes;
    private readonly Counter checkpointFailures;
    private readonly Gauge checkpointTime;
    private readonly Gauge checkpointStep;
    private readonly Gauge step;
    private readonly Gauge loss;
    private readonly Gauge learningRate;
    private readonly Gauge tokenRate;
    private readonly Gauge bleu;
    private readonly Gauge generation;
    private readonly Gauge members;
    private readonly Dictionary<string, long> counted = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly TimeProvider time;

    /// <summary>Makes the metrics in a registry.</summary>
    public CoordinatorMetrics(MetricFactory factory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(factory);
        this.time = time;
        workers = factory.CreateGauge("training_cluster_workers", "Workers by state.", "state");
        jobs = factory.CreateGauge("training_cluster_jobs", "Jobs by state.", "state");
        generations = factory.CreateCounter("training_cluster_generations_total", "Generations called together, by cause.", "cause");
        recovery = factory.CreateHistogram("training_cluster_recovery_seconds", "Time from a fault or another change to the first step after it, by phase: detect, regroup, catch_up, first_step.",
            ["phase"], new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.01, 2, 14) });
        discarded = factory.CreateCounter("training_cluster_job_steps_discarded_total", "Steps that were broken off, or had been reported done and are done again, over all jobs.");
        stale = factory.CreateCounter("training_cluster_stale_messages_total", "Messages of workers that came too late for their generation, by message.", "message");
        steps = factory.CreateCounter("training_cluster_job_steps_total", "Steps done, over all jobs.");
        tokens = factory.CreateCounter("training_cluster_job_tokens_total", "Source and target tokens of the steps done, over all jobs.");
        skipped = factory.CreateCounter("training_cluster_job_skipped_steps_total", "Steps skipped for NaN or Inf, over all jobs.");
        checkpointSeconds = factory.CreateHistogram("training_cluster_checkpoint_duration_seconds", "Time from copy to durable of stored checkpoints.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.05, 2, 12) });
        checkpointBytes = factory.CreateHistogram("training_cluster_checkpoint_size_bytes", "Size of stored checkpoints.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1 << 20, 4, 8) });
        checkpointFailures = factory.CreateCounter("training_cluster_checkpoint_failures_total", "Checkpoints that could not be stored.");
        checkpointTime = factory.CreateGauge("training_cluster_job_checkpoint_timestamp_seconds", "When the newest checkpoint of a running job was stored, in seconds since 1970.", "job_id");
        checkpointStep = factory.CreateGauge("training_cluster_job_checkpoint_step", "Step of the newest whole checkpoint of a running job; 0: none.", "job_id");
        step = factory.CreateGauge("training_cluster_job_step", "Newest step of a running job.", "job_id");
        loss = factory.CreateGauge("training_cluster_job_loss_nats", "Label-smoothed loss of the newest step of a running job, nats a target token.", "job_id");
        learningRate = factory.CreateGauge("training_cluster_job_learning_rate", "Learning rate of the newest step of a running job.", "job_id");
        tokenRate = factory.CreateGauge("training_cluster_job_tokens_per_second", "Source and target tokens a second of a running job, smoothed.", "job_id");
        bleu = factory.CreateGauge("training_cluster_job_bleu", "Newest validation BLEU of a running job, 0 to 100.", "job_id");
        generation = factory.CreateGauge("training_cluster_job_generation", "Generation of a running job.", "job_id");
        members = factory.CreateGauge("training_cluster_job_workers", "Workers in the generation of a running job.", "job_id");
        foreach (var state in WorkerStates) workers.WithLabels(state).Set(0);
        foreach (var state in Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified)) jobs.WithLabels(Label(state)).Set(0);
        foreach (var cause in Enum.GetValues<GenerationCause>()) generations.WithLabels(cause.ToLabel()).Inc(0);
        foreach (var phase in new[] { "detect", "regroup", "catch_up", "first_step" }) recovery.WithLabels(phase);
    }

    /// <summary>Sets the number of workers in each state.</summary>
    public void SetWorkers(IEnumerable<string> states)
    {
        var count = states.CountBy(s => s, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        foreach (var state in WorkerStates) workers.WithLabels(state).Set(count.GetValueOrDefault(state));
    }

    /// <summary>Sets the number of jobs in each state.</summary>
    public void SetJobs(IReadOnlyDictionary<JobState, int> counts)
    {
        foreach (var state in Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified))
            jobs.WithLabels(Label(state)).Set(counts.GetValueOrDefault(state));
    }

    /// <summary>Counts a generation.</summary>
    public void CountGeneration(GenerationCause cause) => generations.WithLabels(cause.ToLabel()).Inc();

    /// <summary>Counts steps whose work was lost.</summary>
    public void CountDiscarded(long steps) => discarded.Inc(steps);

    /// <summary>Counts a message that came too late.</summary>
    public void CountStale(string message) => stale.WithLabels(message).Inc();

    /// <summary>Notes how long a recovery took.</summary>
    public void ObserveRecovery(MeasureRecovery measured)
    {
        ArgumentNullException.ThrowIfNull(measured);
        if (measured.Detect > TimeSpan.Zero) recovery.WithLabels("detect").Observe(measured.Detect.TotalSeconds);
        recovery.WithLabels("regroup").Observe(measured.Regroup.TotalSeconds);
        recovery.WithLabels("catch_up").Observe(measured.CatchUp.TotalSeconds);
        recovery.WithLabels("first_step").Observe(measured.FirstStep.TotalSeconds);
    }

    /// <summary>Notes what a worker reported. Every worker reports every step: each is counted once.</summary>
    public void Observe(string jobId, IMessage message)
    {
        switch (message)
        {
            case StepReport report:
                lock (gate)
                {
                    if (report.Step <= counted.GetValueOrDefault(jobId)) return;
                    counted[jobId] = report.Step;
                }
                steps.Inc();
                tokens.Inc(report.SourceTokens + report.TargetTokens);
                if (report.Skipped) skipped.Inc();
                break;
            case CheckpointReport { Error.Length: > 0 }:
                checkpointFailures.Inc();
                break;
            case CheckpointReport report:
                checkpointSeconds.Observe(report.Seconds);
                checkpointBytes.Observe(report.Bytes);
                checkpointTime.WithLabels(jobId).Set(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
                break;
        }
    }

    /// <summary>Sets the gauges of a job; one that does not run has none.</summary>
    public void SetJob(string jobId, JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Phase.ToJobState() != JobState.Running)
        {
            RemoveJob(jobId);
            return;
        }
        checkpointStep.WithLabels(jobId).Set(state.CheckpointStep);
        step.WithLabels(jobId).Set(state.Progress.Step);
        loss.WithLabels(jobId).Set(state.Progress.Loss);
        learningRate.WithLabels(jobId).Set(state.Progress.LearningRate);
        tokenRate.WithLabels(jobId).Set(state.Progress.TokensPerSecond);
        bleu.WithLabels(jobId).Set(state.Progress.LastBleu);
        generation.WithLabels(jobId).Set(state.Generation);
        members.WithLabels(jobId).Set(state.Seats.Count);
    }

    /// <summary>Removes the gauges of a job.</summary>
    public void RemoveJob(string jobId)
    {
        foreach (var gauge in new[] { step, loss, learningRate, tokenRate, bleu, generation, members, checkpointTime, checkpointStep }) gauge.RemoveLabelled(jobId);
    }

    private static string Label(JobState state) => state.ToString().ToLowerInvariant();
}
