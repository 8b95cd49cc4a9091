using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Which keys a query may attend to. Immutable; a mask lives as long as the dispose scope in which it was made.
/// Legend: <c>B</c> batch, <c>T</c> queries, <c>S</c> keys.
/// </summary>
public sealed class AttentionMask
{
    private AttentionMask(bool isCausal, Tensor? allowed_BTS, bool hasEmptyRows)
    {
        IsCausal = isCausal;
        Allowed_BTS = allowed_BTS;
        HasEmptyRows = hasEmptyRows;
    }

    /// <summary>Every query attends to every key.</summary>
    public static AttentionMask None { get; } = new(false, null, false);

    /// <summary>Query t attends to the keys 0…t.</summary>
    public static AttentionMask Causal { get; } = new(true, null, false);

    /// <summary>Whether query t attends to the keys 0…t only, besides what <see cref="Allowed_BTS"/> says.</summary>
    public bool IsCausal { get; }

    /// <summary>[B or 1, T or 1, S] bool, true where the query may attend to the key; null: everywhere.</summary>
    public Tensor? Allowed_BTS { get; }

    /// <summary>Each sentence of packed queries attends to the same sentence of packed keys.</summary>
    /// <param name="queries">All sentences' queries.</param>
    /// <param name="keys">All sentences' keys.</param>
    /// <param name="isCausal">Of each sentence.</param>
    internal static AttentionMask Packed(PackedRows queries, PackedRows keys, bool isCausal) =>
        new(isCausal, null, false) { Packing = (queries, keys) };

    /// <summary>Where sentences lie; null: each is a batch row. Only <see cref="FusedAttention"/> knows of it.</summary>
    internal (PackedRows Queries, PackedRows Keys)? Packing { get; private init; }

    /// <summary>Whether some query may have no key at all. Their weights are zero, which costs two small operations.</summary>
    internal bool HasEmptyRows { get; }

    /// <summary>The first keys of each batch row, or of each query.</summary>
    /// <param name="lengths">[B] or [B, T] int64: how many keys count; 0 for none, S or more for all.</param>
    /// <param name="keys">S.</param>
    public static AttentionMask FromLengths(Tensor lengths, long keys)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        if (lengths.dim() is not (1 or 2))
        {
            throw new ArgumentException(
                $"Lengths are one a batch row or one a query, not a tensor of {lengths.dim()} dimensions.",
                nameof(lengths)
            );
        }
        if (lengths.dtype != ScalarType.Int64)
        {
            throw new ArgumentException($"Lengths are counts of keys in Int64, not {lengths.dtype}: use to(int64).", nameof(lengths));
        }
        if (lengths.numel() == 0)
        {
            return None;
        }
        // One look at the shortest tells whether there is anything to mask; it spares every layer the work.
        long shortest;
        using (var least = lengths.min())
        {
            shortest = least.item<long>();
        }
        if (shortest < 0)
        {
            throw new ArgumentException($"A length is {shortest}: lengths are counts of keys, from 0 (none).", nameof(lengths));
        }
        if (shortest >= keys)
        {
            return None;
        }
        using var scope = NewDisposeScope();
        var positions_S = arange(Number.Of(0), Number.Of(keys), Number.Of(1), ScalarType.Int64, lengths.device);
        var lengths_BT1 = lengths.dim() == 1 ? lengths.unsqueeze(1).unsqueeze(2) : lengths.unsqueeze(2);
        return new AttentionMask(false, positions_S.lt(lengths_BT1).MoveToOuterDisposeScope(), shortest == 0);
    }

    /// <summary>An arbitrary mask.</summary>
    /// <param name="allowed">[S], [T, S] or [B, T, S] bool, true where the query may attend to the key; a side of 1 repeats.</param>
    public static AttentionMask FromBoolean(Tensor allowed)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        if (allowed.dtype != ScalarType.Bool)
        {
            throw new ArgumentException($"A boolean mask is made of booleans, not {allowed.dtype}.", nameof(allowed));
        }
        var allowed_BTS = allowed.dim() switch
        {
            1 => allowed.unsqueeze(0).unsqueeze(0),
            2 => allowed.unsqueeze(0),
            3 => allowed,
            _ => throw new ArgumentException($"A boolean mask has one to three dimensions, not {allowed.dim()}.", nameof(allowed)),
        };
        return new AttentionMask(false, allowed_BTS, hasEmptyRows: true);
    }

    /// <summary>What both masks allow.</summary>
    public AttentionMask And(AttentionMask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Allowed_BTS is not null && other.Allowed_BTS is not null)
        {
            RequireFit(Allowed_BTS.shape, other.Allowed_BTS.shape, bothMayRepeat: true);
        }
        var allowed =
            Allowed_BTS is null ? other.Allowed_BTS
            : other.Allowed_BTS is null ? Allowed_BTS
            : Allowed_BTS.logical_and(other.Allowed_BTS);
        // Two masks that leave keys each may leave none together.
        var empty = HasEmptyRows || other.HasEmptyRows || (allowed is not null && (IsCausal || other.IsCausal || Allowed_BTS is not null));
        return new AttentionMask(IsCausal || other.IsCausal, allowed, empty && allowed is not null);
    }

    /// <summary>The whole mask as one tensor, or null when every query attends to every key.</summary>
    /// <param name="batch">B.</param>
    /// <param name="queries">T.</param>
    /// <param name="keys">S.</param>
    /// <param name="device">Where to make a causal mask.</param>
    /// <returns>[B or 1, T or 1, S] bool.</returns>
    /// <exception cref="ArgumentException">The mask was made for other sides.</exception>
    internal Tensor? ToTensor(long batch, long queries, long keys, Device device)
    {
        if (Allowed_BTS is not null)
        {
            RequireFit(Allowed_BTS.shape, [batch, queries, keys], bothMayRepeat: false);
        }
        if (!IsCausal)
        {
            return Allowed_BTS;
        }
        var causal_1TS = ones(new[] { 1, queries, keys }, ScalarType.Bool, device).tril();
        return Allowed_BTS is null ? causal_1TS : causal_1TS.logical_and(Allowed_BTS);
    }

    // A side of 1 repeats.
    private static void RequireFit(ReadOnlySpan<long> mask, ReadOnlySpan<long> sides, bool bothMayRepeat)
    {
        for (var side = 0; side < 3; side++)
        {
            if (mask[side] != sides[side] && mask[side] != 1 && !(bothMayRepeat && sides[side] == 1))
            {
                throw new ArgumentException(
                    $"mask {AttentionShapes.Text(mask)} for {AttentionShapes.Text(sides)}: a mask is [B, T, S], "
                        + "the batch rows, the queries and "
                        + "the keys that it is for, where a side of 1 repeats.",
                    nameof(mask)
                );
            }
        }
    }
}
