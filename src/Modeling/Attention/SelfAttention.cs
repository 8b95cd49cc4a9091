using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Self-attention: every token of a sequence is a query to all tokens of the same sequence, which are the keys and the
/// values: yᵢ = f(xᵢ, (x₁, x₁), …, (x_T, x_T)), here with multi-head attention as f.
/// </summary>
public sealed class SelfAttention : torch.nn.Module
{
    private readonly MultiHeadAttention attention;

    /// <summary>Makes the layer.</summary>
    /// <param name="width">D.</param>
    /// <param name="heads">H; divides D.</param>
    /// <param name="dropout">Share of the attention weights that training sets to zero.</param>
    public SelfAttention(long width, int heads = 1, double dropout = 0)
        : base(nameof(SelfAttention))
    {
        attention = new MultiHeadAttention(width, heads, dropout);
        RegisterComponents();
    }

    /// <summary>How much each token takes of each token, by head.</summary>
    /// <param name="x_BTD">[B, T, D].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, H, T, T]: a row a token that asks, a column a token that it may take from; each row adds up to 1.</returns>
    public Tensor Weights(Tensor x_BTD, AttentionMask? mask = null) => attention.Weights(x_BTD, x_BTD, mask);

    /// <summary>Attention of a sequence to itself.</summary>
    /// <param name="x_BTD">[B, T, D].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, T, D].</returns>
    public Tensor forward(Tensor x_BTD, AttentionMask? mask = null) => attention.forward(x_BTD, x_BTD, x_BTD, mask);
}
