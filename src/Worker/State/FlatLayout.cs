using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.State;

/// <summary>One parameter's place in the flat buffers.</summary>
/// <param name="Name">As in the model.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Range">Where its elements lie, row-major.</param>
public sealed record FlatEntry(string Name, IReadOnlyList<long> Shape, FlatRange Range);

/// <summary>
/// Where each parameter lies in the flat buffers: segment after segment in the order in which backward finishes their gradients,
/// each parameter at the start of a cache line. The gaps are zeros for ever.
/// </summary>
public sealed class FlatLayout
{
    /// <summary>Lays parameters out.</summary>
    /// <param name="segments">Parameters by segment.</param>
    public FlatLayout(IEnumerable<IEnumerable<(string Name, IReadOnlyList<long> Shape)>> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        var entries = new List<FlatEntry>();
        var lengths = new List<int>();
        foreach (var segment in segments)
        {
            var start = Length;
            foreach (var (name, shape) in segment)
            {
                var length = checked((int)shape.Aggregate(1L, (product, side) => product * side));
                entries.Add(new FlatEntry(name, shape, new FlatRange(Length, length)));
                Length = checked(Length + ((length + BucketLayout.Alignment - 1) / BucketLayout.Alignment * BucketLayout.Alignment));
            }

            lengths.Add(Length - start);
        }

        Entries = entries;
        SegmentLengths = lengths;
    }

    /// <summary>All parameters in buffer order.</summary>
    public IReadOnlyList<FlatEntry> Entries { get; }

    /// <summary>Floats in each segment, gaps included.</summary>
    public IReadOnlyList<int> SegmentLengths { get; }

    /// <summary>Floats in a flat buffer.</summary>
    public int Length { get; private set; }
}
