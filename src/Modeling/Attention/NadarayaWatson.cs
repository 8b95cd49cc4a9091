using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Kernel regression as the plainest attention pooling (Nadaraya 1964, Watson 1964):
/// f(x) = Σᵢ α(x, xᵢ) yᵢ with α = softmax(−(x − xᵢ)² w² / 2). The queries are where to predict, keys and values are
/// the examples.
/// </summary>
public sealed class NadarayaWatson : torch.nn.Module
{
    private readonly AttentionPooling pooling;

    /// <summary>Makes the regression.</summary>
    /// <param name="width">w, the inverse of the kernel's standard deviation; where learning starts if it is learned.</param>
    /// <param name="learnedWidth">Whether w is a parameter to learn.</param>
    public NadarayaWatson(double width = 1, bool learnedWidth = false)
        : base(nameof(NadarayaWatson))
    {
        pooling = new AttentionPooling(new GaussianScore(width, learnedWidth));
        RegisterComponents();
    }

    /// <summary>α(x, xᵢ): [T, S].</summary>
    /// <param name="x_T">[T]: where to predict.</param>
    /// <param name="examples_S">[S]: xᵢ.</param>
    /// <param name="mask">Null uses every example.</param>
    public Tensor Weights(Tensor x_T, Tensor examples_S, AttentionMask? mask = null)
    {
        using var scope = NewDisposeScope();
        return pooling.Weights(AsBatch(x_T), AsBatch(examples_S), mask).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>f(x): [T].</summary>
    /// <param name="x_T">[T]: where to predict.</param>
    /// <param name="examples_S">[S]: xᵢ.</param>
    /// <param name="values_S">[S]: yᵢ.</param>
    /// <param name="mask">Null uses every example.</param>
    public Tensor forward(Tensor x_T, Tensor examples_S, Tensor values_S, AttentionMask? mask = null)
    {
        using var scope = NewDisposeScope();
        return pooling.forward(AsBatch(x_T), AsBatch(examples_S), AsBatch(values_S), mask).squeeze(0).squeeze(-1).MoveToOuterDisposeScope();
    }

    // [N] → [1, N, 1]: one batch row of one feature.
    private static Tensor AsBatch(Tensor numbers) => numbers.unsqueeze(0).unsqueeze(-1);
}
