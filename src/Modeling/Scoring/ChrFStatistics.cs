namespace TrainingCluster.Modeling.Scoring;

/// <summary>The counts that chrF is computed from. Like <see cref="BleuStatistics"/>, they add up exactly.</summary>
public sealed class ChrFStatistics : IEquatable<ChrFStatistics>
{
    /// <summary>Longest character n-gram that counts.</summary>
    public const int MaxOrder = 6;

    /// <summary>How many numbers <see cref="ToArray"/> gives.</summary>
    public const int Length = 3 * MaxOrder;

    private readonly long[] _counts;

    /// <summary>Statistics out of the numbers that <see cref="ToArray"/> gave.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="Length"/> numbers.</exception>
    public ChrFStatistics(ReadOnlySpan<long> counts)
    {
        if (counts.Length != Length)
        {
            throw new ArgumentException($"chrF statistics are {Length} numbers, not {counts.Length}.", nameof(counts));
        }
        _counts = counts.ToArray();
    }

    /// <summary>Of no sentence at all.</summary>
    public static ChrFStatistics Empty { get; } = new(new long[Length]);

    /// <summary>n-grams of the translations; none where the reference has none.</summary>
    /// <param name="order">n, from 1 to 6.</param>
    public long Hypothesis(int order) => _counts[3 * (order - 1)];

    /// <summary>n-grams of the references.</summary>
    /// <param name="order">n, from 1 to 6.</param>
    public long Reference(int order) => _counts[3 * (order - 1) + 1];

    /// <summary>n-grams that stand in both.</summary>
    /// <param name="order">n, from 1 to 6.</param>
    public long Match(int order) => _counts[3 * (order - 1) + 2];

    /// <summary>For n = 1 to 6: translation, reference, match.</summary>
    public long[] ToArray() => [.. _counts];

    /// <summary>The statistics of both texts together.</summary>
    public static ChrFStatistics operator +(ChrFStatistics left, ChrFStatistics right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var sum = left.ToArray();
        for (var i = 0; i < Length; i++)
        {
            sum[i] += right._counts[i];
        }
        return new ChrFStatistics(sum);
    }

    /// <inheritdoc cref="op_Addition"/>
    public static ChrFStatistics Add(ChrFStatistics left, ChrFStatistics right) => left + right;

    /// <inheritdoc/>
    public bool Equals(ChrFStatistics? other) => other is not null && _counts.AsSpan().SequenceEqual(other._counts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ChrFStatistics);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Hypothesis(1), Reference(1), Match(1), Match(MaxOrder));
}
