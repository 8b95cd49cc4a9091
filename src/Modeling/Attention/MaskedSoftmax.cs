using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>Softmax over the keys that a mask leaves; a query with no key left gets weights of zero.</summary>
public static class MaskedSoftmax
{
    /// <summary>αᵢ = exp(sᵢ) / Σⱼ exp(sⱼ), the sum over allowed keys j; 0 for all others.</summary>
    /// <param name="scores">[T, S], [B, T, S], or [B, H, T, S] where all heads share the mask.</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>The shape of the scores; each row adds up to 1, or to 0 where nothing is allowed.</returns>
    /// <exception cref="ArgumentException">The mask is of another shape.</exception>
    public static Tensor Apply(Tensor scores, AttentionMask? mask = null)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var sides = scores.shape;
        if (sides.Length < 2)
        {
            throw new ArgumentException(
                $"scores {AttentionShapes.Text(sides)}: they are [T, S], [B, T, S] or [B, H, T, S].",
                nameof(scores)
            );
        }
        var batch = sides.Length == 2 ? 1 : sides[0];
        if ((mask ?? AttentionMask.None).ToTensor(batch, sides[^2], sides[^1], scores.device) is not { } allowed)
        {
            return scores.softmax(-1);
        }
        using var scope = NewDisposeScope();
        allowed = sides.Length switch
        {
            2 => allowed.squeeze(0),
            3 => allowed,
            _ => allowed.unsqueeze(1),
        };
        // A finite filling keeps rows with nothing allowed away from 0/0; their weights are then cut to zero.
        var forbidden = allowed.logical_not();
        var weights = scores.masked_fill(forbidden, Number.Of(scores.dtype == ScalarType.Float64 ? -1e300 : -1e30)).softmax(-1);
        return weights.masked_fill(forbidden, Number.Of(0)).MoveToOuterDisposeScope();
    }
}
