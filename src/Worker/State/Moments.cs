using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.State;

/// <summary>AdamW's moments of a range of the flat buffers.</summary>
/// <param name="Range">Which elements.</param>
/// <param name="First">First moment.</param>
/// <param name="Second">Second moment.</param>
internal sealed record MomentRange(FlatRange Range, float[] First, float[] Second);

/// <summary>
/// The two moments of AdamW: of all elements, or, where the optimizer is sharded, of the ranges that this worker holds. The ranges
/// do not overlap. Not safe for several threads at once.
/// </summary>
internal sealed class Moments
{
    private List<MomentRange> _held;

    private Moments(int length, List<MomentRange> held) => (Length, _held) = (length, held);

    /// <summary>Floats in a flat buffer.</summary>
    public int Length { get; }

    /// <summary>What is held, in buffer order.</summary>
    public IReadOnlyList<MomentRange> Held => _held;

    /// <summary>Whether all elements are held.</summary>
    public bool AreWhole => _held.Sum(held => held.Range.Length) == Length;

    /// <summary>Bytes of both moments.</summary>
    public long Bytes => _held.Sum(held => 2L * held.Range.Length * sizeof(float));

    /// <summary>Zeros for all elements.</summary>
    public static Moments Zeros(int length) => new(length, [New(new FlatRange(0, length))]);

    /// <summary>Memory for a range that is not held yet; <see cref="Add"/> takes it in once it is filled.</summary>
    public static MomentRange New(FlatRange range) => new(range, new float[range.Length], new float[range.Length]);

    /// <summary>One more range.</summary>
    /// <exception cref="ArgumentException">A part of it is held already.</exception>
    public void Add(MomentRange range)
    {
        if (_held.Any(held => held.Range.Offset < range.Range.End && range.Range.Offset < held.Range.End))
        {
            throw new ArgumentException($"Moments of {range.Range} are held already, at least in part.", nameof(range));
        }
        _held = [.. _held.Append(range).OrderBy(held => held.Range.Offset)];
    }

    /// <summary>Holds nothing any more.</summary>
    public void Clear() => _held = [];

    /// <summary>One array a moment for all elements; those that were not held are zeros.</summary>
    public void Unite()
    {
        if (_held is not [{ Range: var range }] || range != new FlatRange(0, Length))
        {
            Keep([new FlatRange(0, Length)], needAll: false);
        }
    }

    /// <summary>Keeps these ranges alone, each in arrays of its own.</summary>
    /// <param name="ranges">Not overlapping.</param>
    /// <exception cref="InvalidOperationException">A part of them is not held.</exception>
    public void Keep(IReadOnlyList<FlatRange> ranges) => Keep(ranges, needAll: true);

    /// <summary>The moments of a range, piece by piece: the first moment's pieces, then the second's.</summary>
    /// <exception cref="InvalidOperationException">A part of it is not held.</exception>
    public IReadOnlyList<Memory<float>> Pieces(FlatRange range)
    {
        var (first, second, found) = (new List<Memory<float>>(), new List<Memory<float>>(), 0);
        foreach (var held in _held)
        {
            var from = Math.Max(range.Offset, held.Range.Offset);
            var length = Math.Min(range.End, held.Range.End) - from;
            if (length > 0)
            {
                first.Add(held.First.AsMemory(from - held.Range.Offset, length));
                second.Add(held.Second.AsMemory(from - held.Range.Offset, length));
                found += length;
            }
        }

        return found == range.Length
            ? [.. first, .. second]
            : throw new InvalidOperationException($"Of the moments of {range} only {found} floats are held.");
    }

    private void Keep(IReadOnlyList<FlatRange> ranges, bool needAll)
    {
        if (_held.Select(held => held.Range).SequenceEqual(ranges))
        {
            return;
        }
        var kept = new List<MomentRange>();
        foreach (var range in ranges.Where(range => range.Length > 0).OrderBy(range => range.Offset))
        {
            var made = New(range);
            var found = 0;
            foreach (var held in _held)
            {
                var from = Math.Max(range.Offset, held.Range.Offset);
                var length = Math.Min(range.End, held.Range.End) - from;
                if (length > 0)
                {
                    held.First.AsSpan(from - held.Range.Offset, length).CopyTo(made.First.AsSpan(from - range.Offset));
                    held.Second.AsSpan(from - held.Range.Offset, length).CopyTo(made.Second.AsSpan(from - range.Offset));
                    found += length;
                }
            }
            if (needAll && found < range.Length)
            {
                throw new InvalidOperationException($"Of the moments of {range} only {found} floats are held.");
            }
            kept.Add(made);
        }
        _held = kept;
    }
}
