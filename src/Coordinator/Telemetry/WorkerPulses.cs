using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>The newest steps of each worker: how long they took, and with what. Kept in memory only. Thread-safe.</summary>
internal sealed class WorkerPulses(TimeProvider time)
{
    /// <summary>Steps that are kept of a worker.</summary>
    public const int Steps = 40;

    /// <summary>A worker that has done no step for so long has no pulse.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (Queue<double> StepMs, string JobId, StepReport Newest, DateTimeOffset At)> _pulses = new(
        StringComparer.Ordinal
    );
    private readonly Lock _gate = new();

    /// <summary>Notes a step.</summary>
    public void Observe(string jobId, string workerId, StepReport report)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            var steps = _pulses.TryGetValue(workerId, out var known) && known.JobId == jobId ? known.StepMs : new(Steps);
            if (steps.Count == Steps)
            {
                steps.Dequeue();
            }
            steps.Enqueue(report.StepMs);
            _pulses[workerId] = (steps, jobId, report, now);
        }
    }

    /// <summary>The workers that have done a step lately.</summary>
    public IReadOnlyDictionary<string, WorkerPulse> Now()
    {
        var since = time.GetUtcNow() - Kept;
        lock (_gate)
        {
            foreach (var old in _pulses.Where(pulse => pulse.Value.At < since).Select(pulse => pulse.Key).ToArray())
            {
                _pulses.Remove(old);
            }
            return _pulses.ToDictionary(
                pulse => pulse.Key,
                pulse =>
                {
                    var newest = pulse.Value.Newest;
                    return new WorkerPulse([.. pulse.Value.StepMs], newest.ComputeMs, newest.ExchangeMs, newest.UpdateMs)
                    {
                        FirstShard = newest.FirstShard,
                        ShardCount = newest.ShardCount,
                    };
                },
                StringComparer.Ordinal
            );
        }
    }
}

/// <summary>A worker's newest steps.</summary>
/// <param name="StepMs">Duration of each, in milliseconds, oldest first.</param>
/// <param name="ComputeMs">Forward and backward of the newest.</param>
/// <param name="ExchangeMs">Its wait for the all-reduce.</param>
/// <param name="UpdateMs">Its optimizer.</param>
public sealed record WorkerPulse(IReadOnlyList<double> StepMs, double ComputeMs, double ExchangeMs, double UpdateMs)
{
    /// <summary>Its first shard in the newest step.</summary>
    public int FirstShard { get; init; }

    /// <summary>Its number of shards in the newest step.</summary>
    public int ShardCount { get; init; }
}
