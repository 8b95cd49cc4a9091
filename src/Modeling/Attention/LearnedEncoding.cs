using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>A learned vector a position (Gehring et al. 2017): a parameter [longest sequence, D].</summary>
public sealed class LearnedEncoding : PositionalEncoding
{
    private readonly Parameter weight;

    /// <summary>Makes the encoding.</summary>
    /// <param name="length">The longest sequence there can be, in tokens.</param>
    /// <param name="width">D.</param>
    public LearnedEncoding(long length, long width)
        : base(nameof(LearnedEncoding))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        weight = torch.nn.Parameter(torch.zeros(length, width));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override long Width => weight.shape[1];

    /// <inheritdoc/>
    public override Tensor Positions(long start, long length, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (start + length > weight.shape[0])
        {
            throw new ArgumentException(
                $"The model has learned positions for {weight.shape[0]} tokens, not for {start + length}: shorten the sequence, or "
                    + "train with sinusoidal positions.",
                nameof(length)
            );
        }
        return weight.narrow(0, start, length);
    }
}
