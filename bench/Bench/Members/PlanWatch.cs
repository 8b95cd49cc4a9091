using System.Diagnostics;

namespace TrainingCluster.Bench.Members;

/// <summary>When the members heard of each generation. Thread-safe.</summary>
internal sealed class PlanWatch
{
    private readonly Dictionary<long, Moments> _generations = [];
    private readonly Lock _gate = new();
    private long _messages;

    /// <summary>Messages so far.</summary>
    public long Messages => Interlocked.Read(ref _messages);

    /// <summary>A message was sent or received.</summary>
    public void Count() => Interlocked.Increment(ref _messages);

    /// <summary>A member was called to a rendezvous.</summary>
    public void Called(long generation) =>
        Note(generation, moments => moments with { FirstCalled = moments.FirstCalled ?? Stopwatch.GetTimestamp() });

    /// <summary>A member got the plan.</summary>
    public void Planned(long generation, int members) =>
        Note(
            generation,
            moments =>
                moments with
                {
                    FirstPlanned = moments.FirstPlanned ?? Stopwatch.GetTimestamp(),
                    LastPlanned = Stopwatch.GetTimestamp(),
                    Members = members,
                    Planned = moments.Planned + 1,
                }
        );

    /// <summary>The newest generation whose plan all its members have; null: there is none.</summary>
    public (long Generation, Moments Moments)? Newest()
    {
        lock (_gate)
        {
            var whole = _generations.Where(one => one.Value.Planned > 0 && one.Value.Planned >= one.Value.Members).ToList();
            return whole.Count == 0 ? null
                : whole.MaxBy(one => one.Key) is var (generation, moments) ? (generation, moments)
                : null;
        }
    }

    private void Note(long generation, Func<Moments, Moments> change)
    {
        lock (_gate)
        {
            _generations[generation] = change(_generations.GetValueOrDefault(generation) ?? new Moments());
        }
    }
}

/// <summary>Moments of one generation, as <see cref="Stopwatch"/> gives them.</summary>
/// <param name="FirstCalled">The first member heard of the rendezvous.</param>
/// <param name="FirstPlanned">The first member got the plan.</param>
/// <param name="LastPlanned">The newest one did.</param>
/// <param name="Members">How many the plan has.</param>
/// <param name="Planned">How many have it.</param>
internal sealed record Moments(
    long? FirstCalled = null,
    long? FirstPlanned = null,
    long? LastPlanned = null,
    int Members = 0,
    int Planned = 0
);
