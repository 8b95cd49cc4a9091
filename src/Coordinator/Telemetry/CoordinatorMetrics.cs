using Prometheus;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>The coordinator's metrics. docs/metrics.md lists them; a test holds the list against the code.</summary>
public sealed class CoordinatorMetrics
{
    private readonly Gauge _workers;
    private readonly Gauge _jobs;
    private readonly Counter _generations;
    private readonly Histogram _recovery;
    private readonly Histogram _queueWait;
    private readonly Counter _preemptions;
    private readonly Counter _reclaimed;
    private readonly Counter _discarded;
    private readonly Counter _stale;
    private readonly Counter _steps;
    private readonly Counter _tokens;
    private readonly Counter _skipped;
    private readonly Histogram _checkpointSeconds;
    private readonly Histogram _checkpointBytes;
    private readonly Counter _checkpointFailures;
    private readonly Counter _finished;
    private readonly Gauge _missing;
    private readonly JobGauges _jobGauges;
    private readonly HashSet<string> _missed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _counted = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Makes the metrics in a registry.</summary>
    public CoordinatorMetrics(MetricFactory factory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _workers = factory.CreateGauge("training_cluster_workers", "Workers by state.", "state");
        _jobs = factory.CreateGauge("training_cluster_jobs", "Jobs by state.", "state");
        _generations = factory.CreateCounter("training_cluster_generations_total", "Generations called together, by cause.", "cause");
        _recovery = factory.CreateHistogram(
            "training_cluster_recovery_seconds",
            "Time from a fault or another change to the first step after it, by phase: detect, regroup, state_recovery, first_step.",
            ["phase"],
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.01, 2, 14) }
        );
        _queueWait = factory.CreateHistogram(
            "training_cluster_queue_wait_seconds",
            "Time that a job waited in the queue before it was given workers.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.1, 4, 11) }
        );
        _preemptions = factory.CreateCounter(
            "training_cluster_preemptions_total",
            "Jobs that gave all their workers to another job and went back to the queue."
        );
        _reclaimed = factory.CreateCounter(
            "training_cluster_workers_reclaimed_total",
            "Workers that jobs were asked to give back for other jobs, those of preempted jobs included."
        );
        _discarded = factory.CreateCounter(
            "training_cluster_job_steps_discarded_total",
            "Steps that were broken off, or had been reported done and are done again, over all jobs."
        );
        _stale = factory.CreateCounter(
            "training_cluster_stale_messages_total",
            "Messages of workers that came too late for their generation, by message.",
            "message"
        );
        _steps = factory.CreateCounter("training_cluster_job_steps_total", "Steps done, over all jobs.");
        _tokens = factory.CreateCounter("training_cluster_job_tokens_total", "Source and target tokens of the steps done, over all jobs.");
        _skipped = factory.CreateCounter("training_cluster_job_skipped_steps_total", "Steps skipped for NaN or Inf, over all jobs.");
        _checkpointSeconds = factory.CreateHistogram(
            "training_cluster_checkpoint_duration_seconds",
            "Time from copy to durable of stored checkpoints.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.05, 2, 12) }
        );
        _checkpointBytes = factory.CreateHistogram(
            "training_cluster_checkpoint_size_bytes",
            "Size of stored checkpoints.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1 << 20, 4, 8) }
        );
        _checkpointFailures = factory.CreateCounter("training_cluster_checkpoint_failures_total", "Checkpoints that could not be stored.");
        _finished = factory.CreateCounter(
            "training_cluster_jobs_finished_total",
            "Jobs that ended, by result: succeeded, failed, cancelled.",
            "result"
        );
        _missing = factory.CreateGauge(
            "training_cluster_worker_missing",
            "1: the worker was lost without taking leave, and has not come back.",
            "worker"
        );
        _jobGauges = new JobGauges(factory, time);
        Vitals = new JobVitals(time);
        foreach (var state in WorkerStates.All)
        {
            _workers.WithLabels(state.Word()).Set(0);
        }
        foreach (var state in Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified))
        {
            _jobs.WithLabels(JobGauges.Label(state)).Set(0);
        }
        foreach (var result in new[] { JobState.Succeeded, JobState.Failed, JobState.Cancelled })
        {
            _finished.WithLabels(JobGauges.Label(result));
        }
        foreach (var cause in Enum.GetValues<GenerationCause>().Where(c => c != GenerationCause.Unspecified))
        {
            _generations.WithLabels(cause.ToLabel()).Inc(0);
        }
        foreach (var phase in new[] { "detect", "regroup", "state_recovery", "first_step" })
        {
            _recovery.WithLabels(phase);
        }
    }

    /// <summary>How running jobs get on.</summary>
    internal JobVitals Vitals { get; }

    /// <summary>The workers that were lost and have not come back.</summary>
    internal IReadOnlyCollection<string> Missing
    {
        get
        {
            lock (_gate)
            {
                return [.. _missed];
            }
        }
    }

    /// <summary>Sets the number of workers in each state.</summary>
    public void SetWorkers(IEnumerable<WorkerState> states)
    {
        var count = states.CountBy(s => s).ToDictionary();
        foreach (var state in WorkerStates.All)
        {
            _workers.WithLabels(state.Word()).Set(count.GetValueOrDefault(state));
        }
    }

    /// <summary>Sets the workers that were lost and have not come back.</summary>
    public void SetMissing(IReadOnlyCollection<string> workers)
    {
        lock (_gate)
        {
            foreach (var back in _missed.Except(workers, StringComparer.Ordinal).ToArray())
            {
                _missing.RemoveLabelled(back);
                _missed.Remove(back);
            }
            foreach (var worker in workers)
            {
                _missing.WithLabels(worker).Set(1);
                _missed.Add(worker);
            }
        }
    }

    /// <summary>Sets the number of jobs in each state.</summary>
    public void SetJobs(IReadOnlyDictionary<JobState, int> counts)
    {
        foreach (var state in Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified))
        {
            _jobs.WithLabels(JobGauges.Label(state)).Set(counts.GetValueOrDefault(state));
        }
    }

    /// <summary>Counts a generation.</summary>
    public void CountGeneration(GenerationCause cause) => _generations.WithLabels(cause.ToLabel()).Inc();

    /// <summary>Notes how long a job waited in the queue.</summary>
    public void ObserveQueueWait(TimeSpan waited) => _queueWait.Observe(waited.TotalSeconds);

    /// <summary>Counts a job that went back to the queue.</summary>
    public void CountPreemption() => _preemptions.Inc();

    /// <summary>Counts a worker that a job was asked to give back.</summary>
    public void CountReclaimed() => _reclaimed.Inc();

    /// <summary>Counts steps whose work was lost.</summary>
    public void CountDiscarded(long steps) => _discarded.Inc(steps);

    /// <summary>Counts a message that came too late.</summary>
    public void CountStale(string message) => _stale.WithLabels(message).Inc();

    /// <summary>Notes how long a recovery took.</summary>
    public void ObserveRecovery(MeasureRecovery measured)
    {
        ArgumentNullException.ThrowIfNull(measured);
        if (measured.Detect > TimeSpan.Zero)
        {
            _recovery.WithLabels("detect").Observe(measured.Detect.TotalSeconds);
        }
        _recovery.WithLabels("regroup").Observe(measured.Regroup.TotalSeconds);
        _recovery.WithLabels("state_recovery").Observe(measured.StateRecovery.TotalSeconds);
        _recovery.WithLabels("first_step").Observe(measured.FirstStep.TotalSeconds);
    }

    /// <summary>Notes what a worker reported. Every worker reports every step: each is counted once.</summary>
    public void Observe(string jobId, WorkerReport told)
    {
        ArgumentNullException.ThrowIfNull(told);
        switch (told)
        {
            case { Step: { } report }:
                lock (_gate)
                {
                    if (report.Step <= _counted.GetValueOrDefault(jobId))
                    {
                        return;
                    }
                    _counted[jobId] = report.Step;
                }
                _steps.Inc(Math.Max(1, report.Steps));
                _tokens.Inc(report.SourceTokens + report.TargetTokens);
                if (report.Skipped)
                {
                    _skipped.Inc(Math.Max(1, report.Steps));
                }
                break;
            case { Checkpoint.Error.Length: > 0 }:
                _checkpointFailures.Inc();
                break;
            case { Checkpoint: { } report }:
                _checkpointSeconds.Observe(report.Seconds);
                _checkpointBytes.Observe(report.Bytes);
                _jobGauges.SetCheckpointTime(jobId);
                Vitals.SetCheckpoint(jobId);
                break;
        }
    }

    /// <summary>Sets the gauges of a job, and counts it when it ends.</summary>
    public void SetJob(string jobId, JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Vitals.Set(jobId, state);
        if (_jobGauges.Set(jobId, state))
        {
            _finished.WithLabels(JobGauges.Label(state.Phase.ToJobState())).Inc();
        }
    }

    /// <summary>Forgets a job whose actor ends. What an ended job reached stays published for a while.</summary>
    public void RemoveJob(string jobId)
    {
        _jobGauges.Remove(jobId);
        Vitals.Remove(jobId);
        lock (_gate)
        {
            _counted.Remove(jobId);
        }
    }

    /// <summary>Forgets jobs that ended some time ago.</summary>
    public void RemoveEnded() => _jobGauges.RemoveEnded();
}
