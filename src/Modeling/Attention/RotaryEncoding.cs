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
        return heads_BHTK.mul(cosines_TK).addcmul(swapped, sines_TK, Number.Of(1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosines_TK?.Dispose();
        _sines_TK?.Dispose();
    }

    private (Tensor Cosines_TK, Tensor Sines_TK) Rotation(long start, Tensor like_BHTK)
    {
        var length = like_BHTK.shape[2];
        // Several threads may compute with a model.
        lock (_gate)
        {
            Prepare(start + length, like_BHTK);
            return (_cosines_TK!.narrow(0, start, length), _sines_TK!.narrow(0, start, length));
        }
    }

    private void Prepare(long length, Tensor like)
    {
        if (_cosines_TK is not null && _cosines_TK.shape[0] >= length && _cosines_TK.device.Equals(like.device))
        {
            return;
        }
        var rows = Math.Max(FirstLength, _cosines_TK?.shape[0] ?? 0);
        while (rows < length)
        {
            rows *= 2;
        }
        var (cosines, sines) = (new float[rows * _headWidth], new float[rows * _headWidth]);
        for (var position = 0L; position < rows; position++)
        {
            for (var feature = 0L; feature < _headWidth; feature++)
            {
                var half = _headWidth / 2;
                var angle = position * SinusoidalEncoding.Frequency(feature % half, _headWidth);
                cosines[position * _headWidth + feature] = (float)Math.Cos(angle);
                sines[position * _headWidth + feature] = (float)(feature < half ? -Math.Sin(angle) : Math.Sin(angle));
            }
        }
        Dispose();
        _cosines_TK = tensor(cosines, new[] { rows, _headWidth }).to(like.device).DetachFromDisposeScope();
        _sines_TK = tensor(sines, new[] { rows, _headWidth }).to(like.device).DetachFromDisposeScope();
    }
}
