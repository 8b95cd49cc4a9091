using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// a(q, k) = w_vᵀ tanh(W_q q + W_k k), for queries and keys of different sizes (Bahdanau, Cho and Bengio 2015).
/// W_q is [h, d_q], W_k is [h, d_k], w_v is [1, h]; none has a bias.
/// </summary>
public sealed class AdditiveScore : AttentionScore
{
    private readonly Linear W_q;
    private readonly Linear W_k;
    private readonly Linear w_v;

    /// <summary>Makes the score.</summary>
    /// <param name="querySize">d_q.</param>
    /// <param name="keySize">d_k.</param>
    /// <param name="hiddenSize">h.</param>
    public AdditiveScore(long querySize, long keySize, long hiddenSize)
        : base(nameof(AdditiveScore))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(querySize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keySize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        W_q = torch.nn.Linear(querySize, hiddenSize, hasBias: false);
        W_k = torch.nn.Linear(keySize, hiddenSize, hasBias: false);
        w_v = torch.nn.Linear(hiddenSize, 1, hasBias: false);
        RegisterComponents();
    }

    /// <summary>W_k k alone: what a decoder that asks the same keys again and again computes once.</summary>
    /// <returns>[…, S, h].</returns>
    public Tensor ProjectKeys(Tensor key) => W_k.Apply(key);

    /// <summary>Scores against keys that <see cref="ProjectKeys"/> has projected.</summary>
    public Tensor ScoreProjected(Tensor query, Tensor projectedKey)
    {
        ArgumentNullException.ThrowIfNull(projectedKey);
        using var scope = NewDisposeScope();
        // […, T, 1, h] + […, 1, S, h] → […, T, S, h] → […, T, S, 1]
        var features = W_q.Apply(query).unsqueeze(-2).add(projectedKey.unsqueeze(-3), Number.Of(1)).tanh();
        return w_v.call(features).squeeze(-1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor query, Tensor key)
    {
        AttentionShapes.RequirePair(query, key);
        var (querySize, keySize) = (W_q.weight!.shape[1], W_k.weight!.shape[1]);
        if (query.shape[^1] != querySize || key.shape[^1] != keySize)
        {
            throw new ArgumentException(
                $"query size {query.shape[^1]}, key size {key.shape[^1]}: this score was made for queries of {querySize} and keys "
                    + $"of {keySize}.",
                query.shape[^1] != querySize ? nameof(query) : nameof(key)
            );
        }
        using var scope = NewDisposeScope();
        return ScoreProjected(query, ProjectKeys(key)).MoveToOuterDisposeScope();
    }
}
