using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// a(q, k) = log K(w ‖q − k‖), the logarithm of a <see cref="Kernel"/>, up to a constant that the softmax drops:
/// −w²‖q − k‖²/2 for the Gaussian. With a softmax over it, attention pooling is the kernel regression of Nadaraya (1964) and
/// Watson (1964).
/// </summary>
/// <remarks>
/// The parameter is the sharpness w, one over the kernel's width (σ = 1/w for the Gaussian), because it can be learned from any
/// start: no step divides by it, and w = 0 is a case like others, in which all keys count alike. Where a kernel reaches no key of a
/// query, its regression is 0/0; here all keys then count alike.
/// </remarks>
public sealed class KernelScore : AttentionScore
{
    // The score of a key out of reach: finite, so that a query without any other has weights, and far above the filling of a mask.
    private const double OutOfReach = -1e20;

    // Keeps the logarithm and its gradient finite where its result is not used.
    private const double AlmostOne = 1 - 1e-6;

    private readonly Parameter sharpness;
    private readonly Kernel _kernel;

    /// <summary>Makes the score.</summary>
    /// <param name="kernel">K.</param>
    /// <param name="sharpness">w, at least 0; where learning starts if it is learned.</param>
    /// <param name="learned">Whether w is learned; a constant and a boxcar have no slope to learn it by.</param>
    public KernelScore(Kernel kernel = Kernel.Gaussian, double sharpness = 1, bool learned = false)
        : base(nameof(KernelScore))
    {
        if (!double.IsFinite(sharpness) || sharpness < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(sharpness),
                sharpness,
                "The sharpness is one over the kernel's width: a number from 0."
            );
        }
        if (learned && kernel is Kernel.Boxcar or Kernel.Constant)
        {
            throw new ArgumentException(
                $"A {kernel} kernel has no slope by which its sharpness could be learned: use Gaussian or Epanechnikov.",
                nameof(learned)
            );
        }
        _kernel = kernel;
        this.sharpness = torch.nn.Parameter(torch.full(1, Number.Of((float)sharpness)), requires_grad: learned);
        RegisterComponents();
    }

    /// <summary>w as it is now.</summary>
    public double Sharpness => sharpness.item<float>();

    /// <inheritdoc/>
    public override Tensor forward(Tensor query, Tensor key)
    {
        AttentionShapes.RequireEqualSizes(query, key, "a distance");
        using var scope = NewDisposeScope();
        // […, T, 1, d] − […, 1, S, d]
        var distance = query.unsqueeze(-2).sub(key.unsqueeze(-3)).mul(sharpness);
        var u2 = distance.mul(distance).sum(-1);
        var scores = _kernel switch
        {
            Kernel.Gaussian => u2.mul(Number.Of(-0.5)),
            Kernel.Epanechnikov => u2.clamp(max: Number.Of(AlmostOne))
                .neg()
                .log1p()
                .masked_fill(u2.ge(Number.Of(1)), Number.Of(OutOfReach)),
            Kernel.Boxcar => zeros_like(u2).masked_fill(u2.gt(Number.Of(1)), Number.Of(OutOfReach)),
            _ => zeros_like(u2),
        };
        return scores.MoveToOuterDisposeScope();
    }
}
