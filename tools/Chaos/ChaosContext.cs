using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos;

/// <summary>What faults work on.</summary>
internal sealed record ChaosContext
{
    public required ChaosCluster Cluster { get; init; }

    public required StepWatch Steps { get; init; }

    public required JobSubmitter Jobs { get; init; }

    /// <summary>Null: all processes share the loopback.</summary>
    public ChaosNetwork? Network { get; init; }

    /// <summary>Null: the coordinator's folder is on no disk of its own.</summary>
    public SmallDisk? Disk { get; init; }

    /// <summary>Null: the processes' clocks are the machine's.</summary>
    public ShiftedClocks? Clocks { get; init; }

    /// <summary>Workers that there should be.</summary>
    public required int Workers { get; init; }

    /// <summary>Steps of the job, and between two of its checkpoints.</summary>
    public required (long Steps, long CheckpointEvery) Job { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>For the processes' own pages and metrics.</summary>
    public required HttpClient Http { get; init; }

    /// <summary>Workers that there may be at most: the job has that many logical shards.</summary>
    public int MostWorkers => Math.Min(ChaosRecipe.LogicalShards, Workers + 2);

    /// <summary>How long recovery may take before the run counts it as none.</summary>
    public static TimeSpan Timeout => TimeSpan.FromMinutes(3);

    /// <summary>A number of living workers in random order.</summary>
    public IReadOnlyList<Member> Choose(DeterministicRandom random, int count)
    {
        var living = Cluster.Workers.ToList();
        var chosen = new List<Member>();
        while (chosen.Count < count && living.Count > 0)
        {
            var at = random.Next(living.Count);
            chosen.Add(living[at]);
            living.RemoveAt(at);
        }
        return chosen;
    }

    /// <summary>Waits for the next whole step after now.</summary>
    /// <param name="since">When the fault came.</param>
    /// <param name="without">Workers that cannot answer now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Task<TimeSpan?>> RecoveryAsync(long since, IReadOnlyCollection<Member> without, CancellationToken cancellationToken)
    {
        var clock = await Steps.StartClockAsync(since, Cluster.Workers.Except(without));
        return Steps.NextStepAsync(clock, Timeout, cancellationToken);
    }

    public Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, Time, cancellationToken);
}
