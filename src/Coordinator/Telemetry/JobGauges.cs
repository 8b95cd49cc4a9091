using Prometheus;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>
/// What single jobs are doing: gauges that carry the job's id. Those of a running job are all there; what a job ended with (its state,
/// step, scores) stays for <see cref="Kept"/>, long enough for any scrape and for an alert; others have none.
/// </summary>
internal sealed class JobGauges
{
    /// <summary>How long the last values of an ended job are published.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private readonly Gauge _status;
    private readonly Gauge _step;
    private readonly Gauge _loss;
    private readonly Gauge _learningRate;
    private readonly Gauge _tokenRate;
    private readonly Gauge _bleu;
    private readonly Gauge _generation;
    private readonly Gauge _members;
    private readonly Gauge _checkpointTime;
    private readonly Gauge _checkpointStep;
    private readonly Dictionary<string, JobState> _shown = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _ended = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;

    /// <summary>Makes them in a registry.</summary>
    public JobGauges(MetricFactory factory, TimeProvider time)
    {
        _time = time;
        _status = factory.CreateGauge(
            "training_cluster_job_status",
            "State of a running job, and for 15 minutes of one that has ended: running, succeeded, failed, cancelled; always 1.",
            "job_id",
            "state"
        );
        _step = Of("step", "Newest step.");
        _loss = Of("loss_nats", "Label-smoothed loss of the newest step, nats a target token.");
        _learningRate = Of("learning_rate", "Learning rate of the newest step.");
        _tokenRate = Of("tokens_per_second", "Source and target tokens a second of a running job, smoothed.");
        _bleu = Of("bleu", "Newest validation BLEU, 0 to 100.");
        _generation = Of("generation", "Generation of a running job.");
        _members = Of("workers", "Workers in the generation of a running job.");
        _checkpointTime = Of("checkpoint_timestamp_seconds", "When the newest checkpoint was stored, in seconds since 1970.");
        _checkpointStep = Of("checkpoint_step", "Step of the newest whole checkpoint; 0: none.");

        Gauge Of(string name, string help) => factory.CreateGauge($"training_cluster_job_{name}", help, "job_id");
    }

    /// <summary>Notes that a checkpoint was stored now.</summary>
    public void SetCheckpointTime(string jobId) =>
        _checkpointTime.WithLabels(jobId).Set(_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);

    /// <summary>Shows a job as it is now.</summary>
    /// <returns>Whether it has ended since the last call.</returns>
    public bool Set(string jobId, JobMachineState state)
    {
        var shown = state.Phase.ToJobState();
        lock (_gate)
        {
            if (_ended.ContainsKey(jobId))
            {
                return false;
            }
            if (_shown.Remove(jobId, out var before) && before != shown)
            {
                _status.RemoveLabelled(jobId, Label(before));
            }
            if (!state.Phase.HasEnded() && shown != JobState.Running)
            {
                RemoveValues(jobId);
                return false;
            }
            _shown[jobId] = shown;
            _status.WithLabels(jobId, Label(shown)).Set(1);
            SetValues(jobId, state);
            if (!state.Phase.HasEnded())
            {
                return false;
            }
            foreach (var gauge in new[] { _tokenRate, _generation, _members })
            {
                gauge.RemoveLabelled(jobId);
            }
            _ended[jobId] = _time.GetUtcNow();
            return true;
        }
    }

    /// <summary>Forgets a job, unless it has ended: that one goes by itself.</summary>
    public void Remove(string jobId)
    {
        lock (_gate)
        {
            if (!_ended.ContainsKey(jobId))
            {
                Forget(jobId);
            }
        }
    }

    /// <summary>Forgets those that ended long enough ago.</summary>
    public void RemoveEnded()
    {
        lock (_gate)
        {
            var before = _time.GetUtcNow() - Kept;
            foreach (var jobId in _ended.Where(job => job.Value <= before).Select(job => job.Key).ToArray())
            {
                _ended.Remove(jobId);
                Forget(jobId);
            }
        }
    }

    /// <summary>A state as it stands in labels.</summary>
    public static string Label(JobState state) => state.ToString().ToLowerInvariant();

    private void SetValues(string jobId, JobMachineState state)
    {
        var progress = state.Progress;
        _checkpointStep.WithLabels(jobId).Set(state.CheckpointStep);
        _step.WithLabels(jobId).Set(progress.Step);
        _generation.WithLabels(jobId).Set(state.Generation);
        _members.WithLabels(jobId).Set(state.Current.Members.Count);
        // What has not been measured yet is not zero.
        if (progress.Step > 0)
        {
            _loss.WithLabels(jobId).Set(progress.Loss);
            _learningRate.WithLabels(jobId).Set(progress.LearningRate);
            _tokenRate.WithLabels(jobId).Set(progress.TokensPerSecond);
        }
        if (progress.EvaluatedStep > 0)
        {
            _bleu.WithLabels(jobId).Set(progress.LastBleu);
        }
    }

    private void Forget(string jobId)
    {
        if (_shown.Remove(jobId, out var state))
        {
            _status.RemoveLabelled(jobId, Label(state));
        }
        RemoveValues(jobId);
    }

    private void RemoveValues(string jobId)
    {
        foreach (
            var gauge in new[] { _step, _loss, _learningRate, _tokenRate, _bleu, _generation, _members, _checkpointTime, _checkpointStep }
        )
        {
            gauge.RemoveLabelled(jobId);
        }
    }
}
