using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>How running jobs get on, as this process has seen it. Thread-safe.</summary>
internal sealed class JobVitals(TimeProvider time)
{
    private readonly Dictionary<string, JobVital> _jobs = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>A running job; null: it does not run.</summary>
    public JobVital? Of(string jobId)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(jobId);
        }
    }

    /// <summary>Notes a job as it is now.</summary>
    public void Set(string jobId, JobMachineState state)
    {
        lock (_gate)
        {
            if (state.Phase.ToJobState() != JobState.Running)
            {
                _jobs.Remove(jobId);
                return;
            }
            var step = state.Progress.Step;
            var known = _jobs.GetValueOrDefault(jobId);
            var moved = known is null || known.Step != step ? time.GetUtcNow() : known.StepTime;
            _jobs[jobId] = new(step, moved, state.CheckpointStep, known?.CheckpointTime);
        }
    }

    /// <summary>Notes that a checkpoint was stored now.</summary>
    public void SetCheckpoint(string jobId)
    {
        lock (_gate)
        {
            if (_jobs.TryGetValue(jobId, out var known))
            {
                _jobs[jobId] = known with { CheckpointTime = time.GetUtcNow() };
            }
        }
    }

    /// <summary>Forgets a job.</summary>
    public void Remove(string jobId)
    {
        lock (_gate)
        {
            _jobs.Remove(jobId);
        }
    }
}

/// <summary>How a running job gets on.</summary>
/// <param name="Step">Its newest step.</param>
/// <param name="StepTime">When that came, or when the job began to run.</param>
/// <param name="CheckpointStep">Step of its newest whole checkpoint; 0: none.</param>
/// <param name="CheckpointTime">When a checkpoint was stored last; null: not since it began to run.</param>
public sealed record JobVital(long Step, DateTimeOffset StepTime, long CheckpointStep, DateTimeOffset? CheckpointTime);
