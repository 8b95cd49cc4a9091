using System.Numerics;
using System.Runtime.InteropServices;

namespace TrainingCluster.Worker.Optimization;

/// <summary>
/// The outer update of DiLoCo (Douillard et al. 2023, algorithm 1, line 14): SGD with Nesterov momentum on the mean of what the
/// replicas' weights have moved. As <c>torch.optim.SGD(nesterov=True)</c> has it: <c>b = μ·b + g</c>, <c>w = w − η·(g + μ·b)</c>.
/// </summary>
/// <remarks>
/// Each element is computed on its own with correctly rounded operations and without fused multiply-add: see <see cref="AdamW"/>.
/// </remarks>
public static class OuterNesterov
{
    /// <summary>Updates weights and momentum in place.</summary>
    /// <param name="learningRate">η.</param>
    /// <param name="momentum">μ, in [0, 1).</param>
    /// <param name="gradientScale">What the sum over the replicas is multiplied by first: one over their number.</param>
    /// <param name="weights">The parameters at the start of the round.</param>
    /// <param name="gradient">Sum over the replicas of the weights at the round's start less those at its end.</param>
    /// <param name="buffer">b; zeros before the first update.</param>
    public static void Update(
        double learningRate,
        double momentum,
        double gradientScale,
        Span<float> weights,
        ReadOnlySpan<float> gradient,
        Span<float> buffer
    )
    {
        if (gradient.Length != weights.Length || buffer.Length != weights.Length)
        {
            throw new ArgumentException("Weights, gradient and momentum must be of one length.", nameof(gradient));
        }
        var (rate, mu, scale) = ((float)learningRate, (float)momentum, (float)gradientScale);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(weights);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradient);
        var b = MemoryMarshal.Cast<float, Vector<float>>(buffer);
        for (var i = 0; i < vectors.Length; i++)
        {
            var mean = g[i] * scale;
            var moved = (b[i] * mu) + mean;
            b[i] = moved;
            vectors[i] -= (mean + (moved * mu)) * rate;
        }

        for (var i = vectors.Length * Vector<float>.Count; i < weights.Length; i++)
        {
            var mean = gradient[i] * scale;
            var moved = (buffer[i] * mu) + mean;
            buffer[i] = moved;
            weights[i] -= (mean + (moved * mu)) * rate;
        }
    }
}
