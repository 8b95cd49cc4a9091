using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Attention pooling with any score: f(q) = Σᵢ α(q, kᵢ) vᵢ, where α is the softmax of a(q, kᵢ) over the keys i.
/// Legend: <c>B</c> batch, <c>T</c> queries, <c>S</c> keys and values.
/// </summary>
public sealed class AttentionPooling : torch.nn.Module
{
    private readonly AttentionScore score;
    private readonly double _dropout;

    /// <summary>Makes the pooling.</summary>
    /// <param name="score">a(q, k).</param>
    /// <param name="dropout">Share of the weights that training sets to zero; 0…1.</param>
    public AttentionPooling(AttentionScore score, double dropout = 0)
        : base(nameof(AttentionPooling))
    {
        ArgumentNullException.ThrowIfNull(score);
        this.score = score;
        _dropout = AttentionShapes.RequireDropout(dropout);
        RegisterComponents();
    }

    /// <summary>a(q, k).</summary>
    public AttentionScore Score => score;

    /// <summary>α: how much each query takes of each value.</summary>
    /// <param name="query">[B, T, d_q].</param>
    /// <param name="key">[B, S, d_k].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, T, S]; each row adds up to 1, or to 0 where nothing is allowed.</returns>
    /// <exception cref="ArgumentException">Sizes, batches or the mask do not fit; the message names them and what helps.</exception>
    public Tensor Weights(Tensor query, Tensor key, AttentionMask? mask = null)
    {
        AttentionShapes.RequirePair(query, key);
        using var scope = NewDisposeScope();
        return MaskedSoftmax.Apply(score.forward(query, key), mask).MoveToOuterDisposeScope();
    }

    /// <summary>The weighted sums of the values.</summary>
    /// <param name="query">[B, T, d_q].</param>
    /// <param name="key">[B, S, d_k].</param>
    /// <param name="value">[B, S, d_v].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, T, d_v]; zeros for a query that nothing is allowed to.</returns>
    /// <exception cref="ArgumentException">Sizes, batches or the mask do not fit; the message names them and what helps.</exception>
    public Tensor forward(Tensor query, Tensor key, Tensor value, AttentionMask? mask = null)
    {
        AttentionShapes.RequireValues(key, value);
        using var scope = NewDisposeScope();
        var weights_BTS = Weights(query, key, mask);
        weights_BTS = CounterDropout.Apply(weights_BTS, _dropout, training);
        return weights_BTS.matmul(value).MoveToOuterDisposeScope();
    }
}
