using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Sharding;

/// <summary>Sets of elements of the flat buffers.</summary>
internal static class Ranges
{
    /// <summary>The same elements in as few ranges as possible, in order.</summary>
    public static IReadOnlyList<FlatRange> Joined(IEnumerable<FlatRange> ranges)
    {
        var joined = new List<FlatRange>();
        foreach (var range in ranges.Where(range => range.Length > 0).OrderBy(range => range.Offset))
        {
            if (joined.Count > 0 && joined[^1].End >= range.Offset)
            {
                joined[^1] = joined[^1] with { Length = Math.Max(joined[^1].End, range.End) - joined[^1].Offset };
            }
            else
            {
                joined.Add(range);
            }
        }

        return joined;
    }

    /// <summary>The elements of some ranges that are not in others.</summary>
    public static IReadOnlyList<FlatRange> Without(IEnumerable<FlatRange> ranges, IEnumerable<FlatRange> others)
    {
        var left = Joined(ranges);
        foreach (var other in Joined(others))
        {
            left = [.. left.SelectMany(range => Cut(range, other))];
        }

        return left;
    }

    private static IEnumerable<FlatRange> Cut(FlatRange range, FlatRange other)
    {
        if (other.Offset > range.Offset)
        {
            yield return range with
            {
                Length = Math.Min(range.End, other.Offset) - range.Offset,
            };
        }
        if (other.End < range.End)
        {
            var from = Math.Max(range.Offset, other.End);
            yield return new FlatRange(from, range.End - from);
        }
    }

    /// <summary>Whether all elements of a range are in the others.</summary>
    public static bool Cover(IEnumerable<FlatRange> ranges, FlatRange all) => Without([all], ranges).Count == 0;

    /// <summary>As they travel.</summary>
    public static IEnumerable<StateRange> ToProto(IEnumerable<FlatRange> ranges) =>
        ranges.Select(range => new StateRange { Offset = range.Offset, Length = range.Length });

    /// <summary>Back.</summary>
    /// <exception cref="InvalidDataException">One of them is no range of a buffer of that length.</exception>
    public static IReadOnlyList<FlatRange> Of(IEnumerable<StateRange> ranges, int length) =>
        [
            .. ranges.Select(range =>
                range.Offset >= 0 && range.Length >= 0 && range.Length <= length - range.Offset
                    ? new FlatRange(range.Offset, range.Length)
                    : throw new InvalidDataException(
                        $"Floats {range.Offset} to {(long)range.Offset + range.Length} are not among {length}."
                    )
            ),
        ];
}
