using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// The keys and values of the tokens so far, for one layer of a decoder. Room is doubled when it runs out, so that a
/// step costs one copy of the new token and, only now and then, of all before it. Owns its tensors, whatever dispose
/// scope is open. Legend: <c>R</c> rows, <c>H</c> heads, <c>K</c> head width.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private const long FirstCapacity = 16;
    private Tensor? _keys_RHCK;
    private Tensor? _values_RHCK;

    /// <summary>Tokens kept of each row.</summary>
    public long Length { get; private set; }

    /// <summary>Keeps the keys and values of new tokens.</summary>
    /// <param name="keys_RHTK">[R, H, T, K].</param>
    /// <param name="values_RHTK">[R, H, T, d_v].</param>
    /// <returns>All kept so far, as views: [R, H, length, K] and [R, H, length, d_v].</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor keys_RHTK, Tensor values_RHTK)
    {
        ArgumentNullException.ThrowIfNull(keys_RHTK);
        ArgumentNullException.ThrowIfNull(values_RHTK);
        RequireRows(keys_RHTK, values_RHTK);
        var added = keys_RHTK.shape[2];
        _keys_RHCK = WithRoom(_keys_RHCK, keys_RHTK, added);
        _values_RHCK = WithRoom(_values_RHCK, values_RHTK, added);
        using (var keys = _keys_RHCK.narrow(2, Length, added))
        {
            keys.copy_(keys_RHTK).Dispose();
        }
        using (var values = _values_RHCK.narrow(2, Length, added))
        {
            values.copy_(values_RHTK).Dispose();
        }
        Length += added;
        return (_keys_RHCK.narrow(2, 0, Length), _values_RHCK.narrow(2, 0, Length));
    }

    /// <summary>Lets row i go on as row <c>rows[i]</c> was; fewer rows shrink the cache.</summary>
    /// <param name="rows">[R'] int64.</param>
    public void Select(Tensor rows)
    {
        _keys_RHCK = Selected(_keys_RHCK, rows);
        _values_RHCK = Selected(_values_RHCK, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys_RHCK?.Dispose();
        _values_RHCK?.Dispose();
        _keys_RHCK = _values_RHCK = null;
    }

    private void RequireRows(Tensor keys_RHTK, Tensor values_RHTK)
    {
        AttentionShapes.RequireValues(keys_RHTK, values_RHTK);
        if (
            keys_RHTK.dim() != 4
            || (_keys_RHCK is not null && (keys_RHTK.shape[0] != _keys_RHCK.shape[0] || keys_RHTK.shape[1] != _keys_RHCK.shape[1]))
        )
        {
            var kept = _keys_RHCK is null ? "[R, H, T, K]" : $"{_keys_RHCK.shape[0]} rows of {_keys_RHCK.shape[1]} heads";
            throw new ArgumentException($"keys {AttentionShapes.Text(keys_RHTK.shape)}: this cache keeps {kept}.", nameof(keys_RHTK));
        }
    }

    private Tensor WithRoom(Tensor? kept, Tensor like, long added)
    {
        var needed = Length + added;
        if (kept is not null && kept.shape[2] >= needed)
        {
            return kept;
        }
        var sides = like.shape;
        var capacity = Math.Max(Math.Max(FirstCapacity, needed), kept is null ? 0 : 2 * kept.shape[2]);
        var larger = empty(new[] { sides[0], sides[1], capacity, sides[3] }, like.dtype, like.device).DetachFromDisposeScope();
        if (kept is not null)
        {
            using var target = larger.narrow(2, 0, Length);
            using var source = kept.narrow(2, 0, Length);
            target.copy_(source).Dispose();
            kept.Dispose();
        }
        return larger;
    }

    private static Tensor? Selected(Tensor? kept, Tensor rows)
    {
        if (kept is null)
        {
            return null;
        }
        var selected = kept.index_select(0, rows).DetachFromDisposeScope();
        kept.Dispose();
        return selected;
    }
}
