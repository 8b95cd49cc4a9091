using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Additive attention (Bahdanau, Cho and Bengio 2015): pooling with the score a(q, k) = w_vᵀ tanh(W_q q + W_k k), for
/// queries and keys of different sizes.
/// </summary>
public sealed class AdditiveAttention : torch.nn.Module
{
    private readonly AttentionPooling pooling;

    /// <summary>Makes the layer.</summary>
    /// <param name="querySize">d_q.</param>
    /// <param name="keySize">d_k.</param>
    /// <param name="hiddenSize">h, the size of tanh's argument.</param>
    /// <param name="dropout">Share of the weights that training sets to zero.</param>
    public AdditiveAttention(long querySize, long keySize, long hiddenSize, double dropout = 0)
        : base(nameof(AdditiveAttention))
    {
        pooling = new AttentionPooling(new AdditiveScore(querySize, keySize, hiddenSize), dropout);
        RegisterComponents();
    }

    /// <inheritdoc cref="AttentionPooling.Weights"/>
    public Tensor Weights(Tensor query, Tensor key, AttentionMask? mask = null) => pooling.Weights(query, key, mask);

    /// <inheritdoc cref="AttentionPooling.forward"/>
    public Tensor forward(Tensor query, Tensor key, Tensor value, AttentionMask? mask = null) => pooling.forward(query, key, value, mask);
}
