using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// a(q, k) = qᵀk, or qᵀk/√d when scaled, for queries and keys of one size d (Luong et al. 2015, Vaswani et al. 2017).
/// The scale keeps the variance of the score at 1 when the features of q and k have variance 1.
/// </summary>
/// <param name="scaled">Whether to divide by √d.</param>
public sealed class DotProductScore(bool scaled = true) : AttentionScore(nameof(DotProductScore))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor query, Tensor key)
    {
        AttentionShapes.RequireEqualSizes(query, key, "the dot product");
        using var scope = NewDisposeScope();
        var scores = (scaled ? query.mul(Number.Of(1 / Math.Sqrt(query.shape[^1]))) : query).matmul(key.transpose(-2, -1));
        return scores.MoveToOuterDisposeScope();
    }
}
