using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Rotary position embedding (Su et al. 2021): the pair (x_j, x_{j+K/2}) of a query or key at position t is rotated by
/// the angle t ω_j, ω_j = 10000^(−2j/K). The product of a rotated query and key then depends on the distance of their
/// positions alone. Nothing is learned. Legend: <c>H</c> heads, <c>K</c> head width.
/// </summary>
public sealed class RotaryEncoding : IDisposable
{
    private const long FirstLength = 512;
    private readonly Lock _gate = new();
    private readonly long _headWidth;
    private RotaryTable? _table;
    private Tensor? _cosines_TK;
    private Tensor? _sines_TK;

    /// <summary>Makes the encoding.</summary>
    /// <param name="headWidth">K; even.</param>
    public RotaryEncoding(long headWidth)
    {
        if (headWidth < 2 || headWidth % 2 != 0)
        {
            throw new ArgumentException(
                $"Rotary positions turn pairs of features: a head width of {headWidth} is not even.",
                nameof(headWidth)
            );
        }
        _headWidth = headWidth;
    }

    /// <summary>Rotates queries or keys.</summary>
    /// <param name="heads_BHTK">[B, H, T, K].</param>
    /// <param name="start">The position of the first.</param>
    /// <returns>[B, H, T, K].</returns>
    public Tensor forward(Tensor heads_BHTK, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(heads_BHTK);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (heads_BHTK.dim() != 4 || heads_BHTK.shape[3] != _headWidth)
        {
            throw new ArgumentException(
                $"heads {AttentionShapes.Text(heads_BHTK.shape)}: these positions were made for [B, H, T, {_headWidth}].",
                nameof(heads_BHTK)
            );
        }
        using var scope = NewDisposeScope();
        var (cosines_TK, sines_TK) = Rotation(start, heads_BHTK);
        // (a, b) → (a cos − b sin, b cos + a sin): the sines of the first half are stored negated.
        var half = _headWidth / 2;
        var swapped = cat([heads_BHTK.narrow(-1, half, half), heads_BHTK.narrow(-1, 0, half)], -1);
        return heads_BHTK.mul(cosines_TK).add(swapped.mul(sines_TK), Number.Of(1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosines_TK?.Dispose();
        _sines_TK?.Dispose();
    }

    /// <summary>The rotations of at least so many positions, for heads in the CPU's memory.</summary>
    internal RotaryTable Table(long length)
    {
        // Several threads may compute with a model.
        lock (_gate)
        {
            var rows = Math.Max(FirstLength, _table?.Length ?? 0);
            while (rows < length)
            {
                rows *= 2;
            }
            return _table?.Length == rows ? _table : _table = new RotaryTable(rows, _headWidth);
        }
    }

    private (Tensor Cosines_TK, Tensor Sines_TK) Rotation(long start, Tensor like_BHTK)
    {
        var length = like_BHTK.shape[2];
        lock (_gate)
        {
            Prepare(Table(start + length), like_BHTK.device);
            return (_cosines_TK!.narrow(0, start, length), _sines_TK!.narrow(0, start, length));
        }
    }

    private void Prepare(RotaryTable table, Device device)
    {
        if (_cosines_TK is not null && _cosines_TK.shape[0] == table.Length && _cosines_TK.device.Equals(device))
        {
            return;
        }
        using var scope = NewDisposeScope();
        long[] sides = [table.Length, _headWidth / 2];
        var (cosines, sines) = (tensor(table.Cosines, sides), tensor(table.Sines, sides));
        Dispose();
        _cosines_TK = cat([cosines, cosines], 1).to(device).DetachFromDisposeScope();
        _sines_TK = cat([sines.neg(), sines], 1).to(device).DetachFromDisposeScope();
    }
}
