using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Kernel regression as the plainest attention pooling (Nadaraya 1964, Watson 1964): f(x) = Σᵢ α(x, xᵢ) yᵢ with
/// α(x, xᵢ) = K(w |x − xᵢ|) / Σⱼ K(w |x − xⱼ|), for the Gaussian softmax(−w² (x − xᵢ)² / 2). The queries are where to
/// predict, keys and values are the examples. Legend: <c>T</c> predictions, <c>S</c> examples.
/// </summary>
public sealed class NadarayaWatson : torch.nn.Module
{
    private readonly AttentionPooling pooling;

    /// <summary>Makes the regression.</summary>
    /// <param name="sharpness">w, one over the kernel's width (1/σ for the Gaussian); where learning starts if it is learned.</param>
    /// <param name="learned">Whether w is a parameter to learn.</param>
    /// <param name="kernel">K.</param>
    public NadarayaWatson(double sharpness = 1, bool learned = false, Kernel kernel = Kernel.Gaussian)
        : base(nameof(NadarayaWatson))
    {
        pooling = new AttentionPooling(new KernelScore(kernel, sharpness, learned));
        RegisterComponents();
    }

    /// <summary>w as it is now.</summary>
    public double Sharpness => ((KernelScore)pooling.Score).Sharpness;

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
    private static Tensor AsBatch(Tensor numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        if (numbers.dim() != 1)
        {
            throw new ArgumentException(
                $"Kernel regression takes a list of numbers, [N], not {AttentionShapes.Text(numbers.shape)}; for vectors use "
                    + "AttentionPooling with a KernelScore.",
                nameof(numbers)
            );
        }
        return numbers.unsqueeze(0).unsqueeze(-1);
    }
}
