using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Sharding;

/// <summary>
/// How the optimizer's state is shared out in a generation: into one share a sharer, each held by two, so that no single death
/// loses one. Share c belongs to the sharers c and c + 1. A pure function of the length and the sharers.
/// </summary>
internal sealed class ShareLayout
{
    private readonly IReadOnlyList<int> _sharers;

    private ShareLayout(int length, int workers, IReadOnlyList<int> sharers) => (Length, Workers, _sharers) = (length, workers, sharers);

    /// <summary>Floats in a flat buffer.</summary>
    public int Length { get; }

    /// <summary>W.</summary>
    public int Workers { get; }

    /// <summary>How many shares there are.</summary>
    public int Count => _sharers.Count;

    /// <summary>Whether every member holds everything: nothing needs to be sent, and nothing is saved.</summary>
    public bool IsWhole => Count == Workers && Count <= 2;

    /// <summary>The layout of a generation.</summary>
    /// <param name="length">Floats in a flat buffer.</param>
    /// <param name="workers">Members of the generation.</param>
    /// <param name="sharers">The ranks that hold shares, by share; one at least.</param>
    public static ShareLayout Create(int length, int workers, IReadOnlyList<int> sharers)
    {
        ArgumentNullException.ThrowIfNull(sharers);
        if (sharers.Count == 0 || sharers.Distinct().Count() != sharers.Count || sharers.Any(rank => (uint)rank >= (uint)workers))
        {
            throw new ArgumentException($"Ranks {string.Join(", ", sharers)} cannot share among {workers} members.", nameof(sharers));
        }
        return new ShareLayout(length, workers, sharers);
    }

    /// <summary>The layout of a generation.</summary>
    public static ShareLayout Of(int length, ProcessGroup plan) => Create(length, plan.Workers, plan.Sharers);

    /// <summary>Where a share lies. Shares are even to a cache line.</summary>
    public FlatRange Range(int share) => BucketLayout.Chunk(new FlatRange(0, Length), share, Count);

    /// <summary>The holder that sends a share to those that do not hold it.</summary>
    public int Sender(int share) => _sharers[share];

    /// <summary>Whether a rank holds a share.</summary>
    public bool Holds(int rank, int share) => _sharers[share] == rank || _sharers[(share + 1) % Count] == rank;

    /// <summary>The shares of a rank.</summary>
    public IEnumerable<int> SharesOf(int rank) => Enumerable.Range(0, Count).Where(share => Holds(rank, share));

    /// <summary>The ranges of a rank's shares; those that touch are one.</summary>
    public IReadOnlyList<FlatRange> RangesOf(int rank) => Ranges.Joined(SharesOf(rank).Select(Range));
}
