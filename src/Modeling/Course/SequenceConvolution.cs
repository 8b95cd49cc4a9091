using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// A convolution over a sequence, to be compared with attention: each output is one matrix times k neighbouring tokens.
/// Zeros stand before the first and after the last token.
/// </summary>
public sealed class SequenceConvolution : torch.nn.Module
{
    private readonly Linear _product;
    private readonly int _kernel;

    /// <summary>Makes the layer.</summary>
    /// <param name="width">D.</param>
    /// <param name="kernel">k; odd.</param>
    /// <exception cref="ArgumentException">k is even or below 1.</exception>
    public SequenceConvolution(long width, int kernel)
        : base(nameof(SequenceConvolution))
    {
        if (kernel < 1 || kernel % 2 == 0)
        {
            throw new ArgumentException($"A kernel of {kernel} has no token in its middle: take an odd one.", nameof(kernel));
        }
        _kernel = kernel;
        _product = torch.nn.Linear(kernel * width, width);
        RegisterComponents();
    }

    /// <summary>[B, T, D] → [B, T, D].</summary>
    public Tensor forward(Tensor x_BTD)
    {
        using var scope = NewDisposeScope();
        var reach = _kernel / 2;
        var padded = torch.nn.functional.pad(x_BTD, [0, 0, reach, reach]);
        // [B, T, D, k] → [B, T, D · k]
        return _product.call(padded.unfold(1, _kernel, 1).flatten(2)).MoveToOuterDisposeScope();
    }
}
