using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos;

/// <summary>One fault to be.</summary>
/// <param name="Round">Its number, from 1.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Turn">How many of this kind came before: what has kinds of its own takes them in turn.</param>
/// <param name="Gap">Time after the round before, in which the cluster is left alone.</param>
/// <param name="Hold">How long what lasts does last.</param>
/// <param name="Pause">How long what was ended stays away.</param>
/// <param name="Key">What is left to choose when it fires (who, how many) draws from this.</param>
public sealed record PlannedFault(int Round, FaultKind Kind, int Turn, TimeSpan Gap, TimeSpan Hold, TimeSpan Pause, ulong Key);

/// <summary>Draws the faults of a run from its seed.</summary>
public static class FaultPlan
{
    /// <summary>The faults in order. Each kind comes as often as another, give or take one, in random order.</summary>
    /// <param name="kinds">What may be done; at least one.</param>
    /// <param name="rounds">How many faults; at least 1.</param>
    /// <param name="seed">The same seed, the same plan.</param>
    public static IReadOnlyList<PlannedFault> Draw(IReadOnlyList<FaultKind> kinds, int rounds, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        ArgumentOutOfRangeException.ThrowIfZero(kinds.Count, nameof(kinds));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rounds);
        var random = new DeterministicRandom(seed);
        var plan = new List<PlannedFault>(rounds);
        var deck = new List<FaultKind>();
        for (var round = 1; round <= rounds; round++)
        {
            if (deck.Count == 0)
            {
                deck.AddRange(kinds);
            }
            var drawn = random.Next(deck.Count);
            var kind = deck[drawn];
            deck.RemoveAt(drawn);
            plan.Add(
                new PlannedFault(
                    round,
                    kind,
                    plan.Count(before => before.Kind == kind),
                    Between(random, 0.1, 3),
                    Between(random, 2, 8),
                    Between(random, 0.3, 4),
                    random.NextUInt64()
                )
            );
        }
        return plan;
    }

    private static TimeSpan Between(DeterministicRandom random, double least, double most) =>
        TimeSpan.FromMilliseconds(Math.Round(1000 * (least + ((most - least) * random.NextDouble()))));
}
