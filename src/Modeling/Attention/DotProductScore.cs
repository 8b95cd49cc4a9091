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
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        var size = query.shape[^1];
        if (key.shape[^1] != size)
        {
            throw new ArgumentException($"A dot product takes keys of the queries' size {size}, not {key.shape[^1]}.", nameof(key));
        }
        using var scope = NewDisposeScope();
        var scores = (scaled ? query.mul(1 / Math.Sqrt(size)) : query).matmul(key.transpose(-2, -1));
        return scores.MoveToOuterDisposeScope();
    }
}
