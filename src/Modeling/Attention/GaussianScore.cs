using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// a(q, k) = −‖q − k‖² w² / 2: the logarithm of a Gaussian kernel, up to a constant that the softmax drops. The larger
/// w, the narrower the kernel. With a softmax over it, attention pooling is the kernel regression of Nadaraya (1964)
/// and Watson (1964).
/// </summary>
public sealed class GaussianScore : AttentionScore
{
    private readonly Parameter width;

    /// <summary>Makes the score.</summary>
    /// <param name="width">w, the inverse of the kernel's standard deviation.</param>
    /// <param name="learned">Whether w is learned.</param>
    public GaussianScore(double width = 1, bool learned = false)
        : base(nameof(GaussianScore))
    {
        this.width = torch.nn.Parameter(torch.full(1, (float)width), requires_grad: learned);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor query, Tensor key)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        using var scope = NewDisposeScope();
        // […, T, 1, d] − […, 1, S, d]
        var distance = query.unsqueeze(-2).sub(key.unsqueeze(-3)).mul(width);
        return distance.mul(distance).sum(-1).mul(-0.5).MoveToOuterDisposeScope();
    }
}
