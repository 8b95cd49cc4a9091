namespace TrainingCluster.Worker.AllReduce;

/// <summary>A range of the flat gradient buffer, counted in floats.</summary>
/// <param name="Offset">From the buffer's start.</param>
/// <param name="Length">Number of floats; may be zero.</param>
public readonly record struct FlatRange(int Offset, int Length)
{
    /// <summary>The first float after the range.</summary>
    public int End => Offset + Length;
}

/// <summary>A slice of the flat gradient buffer that is exchanged as soon as backward has filled it.</summary>
/// <param name="Index">Position in the buffer's order, which is the order in which gradients become ready.</param>
/// <param name="Range">Where it lies.</param>
/// <param name="LastSegment">The bucket is ready once the gradients of segments 0..LastSegment are final.</param>
public sealed record GradientBucket(int Index, FlatRange Range, int LastSegment);

/// <summary>How the flat gradient buffer is cut: into buckets along backward, each bucket into one chunk a worker.</summary>
public sealed class BucketLayout
{
    /// <summary>Chunks start at multiples of so many floats: a cache line.</summary>
    public const int Alignment = 16;

    /// <summary>Buckets are filled up to at least this many floats (1 MiB), if the buffer has them.</summary>
    public const int DefaultSmallestBucket = 256 * 1024;

    /// <summary>No bucket holds more than this many floats (4 MiB).</summary>
    public const int DefaultLargestBucket = 1024 * 1024;

    private BucketLayout(IReadOnlyList<GradientBucket> buckets, int length) => (Buckets, Length) = (buckets, length);

    /// <summary>The buckets in order; together they are the whole buffer.</summary>
    public IReadOnlyList<GradientBucket> Buckets { get; }

    /// <summary>Number of floats in the buffer.</summary>
    public int Length { get; }

    /// <summary>Cuts a buffer.</summary>
    /// <param name="segmentLengths">Floats in each segment, in the order in which their gradients become ready.</param>
    /// <param name="smallest">Small segments are joined until a bucket holds so many floats.</param>
    /// <param name="largest">Larger segments are cut; a multiple of <see cref="Alignment"/>.</param>
    public static BucketLayout Create(
        IReadOnlyList<int> segmentLengths,
        int smallest = DefaultSmallestBucket,
        int largest = DefaultLargestBucket
    )
    {
        ArgumentNullException.ThrowIfNull(segmentLengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(smallest, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(largest, smallest);
        if (largest % Alignment != 0)
        {
            throw new ArgumentException($"The largest bucket must be a multiple of {Alignment} floats.", nameof(largest));
        }
        var buckets = new List<GradientBucket>();
        var start = 0;
        var end = 0;
        var lastFilled = segmentLengths.Count - 1;
        while (lastFilled >= 0 && segmentLengths[lastFilled] == 0)
        {
            lastFilled--;
        }
        for (var segment = 0; segment <= lastFilled; segment++)
        {
            end = checked(end + segmentLengths[segment]);
            while (end - start > largest)
            {
                buckets.Add(new GradientBucket(buckets.Count, new FlatRange(start, largest), segment));
                start += largest;
            }

            if (end - start >= smallest || segment == lastFilled)
            {
                buckets.Add(new GradientBucket(buckets.Count, new FlatRange(start, end - start), segment));
                start = end;
            }
        }

        return new BucketLayout(buckets, end);
    }

    /// <summary>The part of a range that one of <paramref name="owners"/> workers adds up. Parts are even to a cache line.</summary>
    /// <param name="range">A bucket's range.</param>
    /// <param name="owner">The owner's rank.</param>
    /// <param name="owners">W.</param>
    public static FlatRange Chunk(FlatRange range, int owner, int owners)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(owners, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(owner);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(owner, owners);
        var from = Boundary(range.Length, owner, owners);
        return new FlatRange(range.Offset + from, Boundary(range.Length, owner + 1, owners) - from);
    }

    /// <summary>Cuts a range into slices of at most <paramref name="largest"/> floats.</summary>
    public static IEnumerable<FlatRange> Slices(FlatRange range, int largest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(largest, 1);
        for (var offset = 0; offset < range.Length; offset += largest)
        {
            yield return new FlatRange(range.Offset + offset, Math.Min(largest, range.Length - offset));
        }
    }

    private static int Boundary(int length, int owner, int owners) =>
        owner == owners ? length : (int)((long)length * owner / owners) / Alignment * Alignment;
}
