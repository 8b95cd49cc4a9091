using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Sharding;

/// <summary>What a member has of the state that a generation goes on from.</summary>
/// <param name="WeightsAreWhole">All weights; else those of the elements whose moments it has.</param>
/// <param name="Moments">The elements whose moments it has.</param>
internal sealed record Holding(bool WeightsAreWhole, IReadOnlyList<FlatRange> Moments);

/// <summary>Pieces of the state that are taken from one member.</summary>
/// <param name="Source">Its rank.</param>
/// <param name="Weights">Ranges whose weights are taken.</param>
/// <param name="Moments">Ranges whose moments are taken.</param>
internal sealed record Fetch(int Source, IReadOnlyList<FlatRange> Weights, IReadOnlyList<FlatRange> Moments);

/// <summary>Decides from whom a member takes what it lacks. A pure function of what all members hold.</summary>
internal static class RecoveryPlan
{
    /// <summary>Who gives what.</summary>
    /// <param name="own">This member's rank.</param>
    /// <param name="holdings">By rank what each member holds; null: nothing, or it is not to be asked.</param>
    /// <param name="missingWeights">The elements whose weights this member lacks.</param>
    /// <param name="missingMoments">The elements whose moments it lacks and is to hold.</param>
    /// <param name="fetches">One a source.</param>
    /// <param name="lost">What nobody holds.</param>
    public static void Make(
        int own,
        IReadOnlyList<Holding?> holdings,
        IReadOnlyList<FlatRange> missingWeights,
        IReadOnlyList<FlatRange> missingMoments,
        out IReadOnlyList<Fetch> fetches,
        out IReadOnlyList<FlatRange> lost
    )
    {
        var all = holdings.Where(holding => holding is { WeightsAreWhole: true }).Any();
        var (weights, noWeights) = Assign(own, holdings, missingWeights, wholeWeights: all);
        var (moments, noMoments) = Assign(own, holdings, missingMoments, wholeWeights: false);
        lost = Ranges.Joined(noWeights.Concat(noMoments));
        fetches =
        [
            .. Enumerable
                .Range(0, holdings.Count)
                .Select(rank => new Fetch(rank, Ranges.Joined(weights[rank]), Ranges.Joined(moments[rank])))
                .Where(fetch => fetch.Weights.Count + fetch.Moments.Count > 0),
        ];
    }

    private static (ILookup<int, FlatRange> BySource, IEnumerable<FlatRange> Lost) Assign(
        int own,
        IReadOnlyList<Holding?> holdings,
        IReadOnlyList<FlatRange> missing,
        bool wholeWeights
    )
    {
        var assigned = new List<(int Source, FlatRange Range)>();
        var left = missing;
        // Each asks its neighbours first, so that not all ask the same one.
        for (var i = 1; i < holdings.Count && left.Count > 0; i++)
        {
            var source = (own + i) % holdings.Count;
            if (holdings[source] is not { } holding || (wholeWeights && !holding.WeightsAreWhole))
            {
                continue;
            }
            var after = wholeWeights ? [] : Ranges.Without(left, holding.Moments);
            assigned.AddRange(Ranges.Without(left, after).Select(range => (source, range)));
            left = after;
        }

        return (assigned.ToLookup(piece => piece.Source, piece => piece.Range), left);
    }
}
