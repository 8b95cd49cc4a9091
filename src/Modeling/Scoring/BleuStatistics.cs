namespace TrainingCluster.Modeling.Scoring;

/// <summary>
/// The counts that BLEU is computed from. They add up: statistics of slices summed are those of the whole, exactly,
/// whoever counted which slice.
/// </summary>
public sealed class BleuStatistics : IEquatable<BleuStatistics>
{
    /// <summary>Longest n-gram that counts.</summary>
    public const int MaxOrder = 4;

    /// <summary>How many numbers <see cref="ToArray"/> gives.</summary>
    public const int Length = 2 + 2 * MaxOrder;

    private readonly long[] _counts;

    /// <summary>Statistics out of the numbers that <see cref="ToArray"/> gave.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="Length"/> numbers.</exception>
    public BleuStatistics(ReadOnlySpan<long> counts)
    {
        if (counts.Length != Length)
        {
            throw new ArgumentException($"BLEU statistics are {Length} numbers, not {counts.Length}.", nameof(counts));
        }
        _counts = counts.ToArray();
    }

    /// <summary>Of no sentence at all.</summary>
    public static BleuStatistics Empty { get; } = new(new long[Length]);

    /// <summary>Words in the translations.</summary>
    public long HypothesisLength => _counts[0];

    /// <summary>Words in the references; of several for a sentence, the one closest in length.</summary>
    public long ReferenceLength => _counts[1];

    /// <summary>n-grams of the translations that stand in the references too.</summary>
    /// <param name="order">n, from 1 to 4.</param>
    public long Correct(int order) => _counts[1 + order];

    /// <summary>n-grams of the translations.</summary>
    /// <param name="order">n, from 1 to 4.</param>
    public long Total(int order) => _counts[1 + MaxOrder + order];

    /// <summary>Both lengths, the correct n-grams for n = 1 to 4, the total n-grams for n = 1 to 4.</summary>
    public long[] ToArray() => [.. _counts];

    /// <summary>The statistics of both texts together.</summary>
    public static BleuStatistics operator +(BleuStatistics left, BleuStatistics right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var sum = left.ToArray();
        for (var i = 0; i < Length; i++)
        {
            sum[i] += right._counts[i];
        }
        return new BleuStatistics(sum);
    }

    /// <inheritdoc cref="op_Addition"/>
    public static BleuStatistics Add(BleuStatistics left, BleuStatistics right) => left + right;

    /// <inheritdoc/>
    public bool Equals(BleuStatistics? other) => other is not null && _counts.AsSpan().SequenceEqual(other._counts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as BleuStatistics);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(HypothesisLength, ReferenceLength, Correct(1), Correct(MaxOrder));
}
