using System.Numerics;
using System.Runtime.InteropServices;

namespace TrainingCluster.Worker.Optimization;

/// <summary>Settings of AdamW that do not change from step to step.</summary>
/// <param name="Beta1">Decay of the first moment, in [0, 1).</param>
/// <param name="Beta2">Decay of the second moment, in [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled from the gradient; times the learning rate.</param>
public sealed record AdamWOptions(double Beta1, double Beta2, double Epsilon, double WeightDecay);

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2) over flat buffers in one pass.
/// </summary>
/// <remarks>
/// Each element is computed on its own with correctly rounded operations and without fused multiply-add, so the result does not
/// depend on how wide the processor's vectors are or where a range is cut.
/// </remarks>
public static class AdamW
{
    /// <summary>Updates weights and moments in place.</summary>
    /// <param name="options">Decays.</param>
    /// <param name="learningRate">Of this update.</param>
    /// <param name="update">Number of this update, from 1: for the bias correction.</param>
    /// <param name="gradientScale">What the gradient is multiplied by first: one over the tokens, times clipping.</param>
    /// <param name="weights">The parameters.</param>
    /// <param name="gradient">Sum over the step's tokens.</param>
    /// <param name="first">First moment.</param>
    /// <param name="second">Second moment.</param>
    public static void Update(
        AdamWOptions options,
        double learningRate,
        long update,
        double gradientScale,
        Span<float> weights,
        ReadOnlySpan<float> gradient,
        Span<float> first,
        Span<float> second
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(update, 1);
        if (gradient.Length != weights.Length || first.Length != weights.Length || second.Length != weights.Length)
        {
            throw new ArgumentException("Weights, gradient and moments must be of one length.", nameof(gradient));
        }
        var scale = (float)gradientScale;
        var beta1 = (float)options.Beta1;
        var beta2 = (float)options.Beta2;
        var rest1 = (float)(1 - options.Beta1);
        var rest2 = (float)(1 - options.Beta2);
        var stepSize = (float)(learningRate / (1 - Power(options.Beta1, update)));
        var inverseRoot = (float)(1 / Math.Sqrt(1 - Power(options.Beta2, update)));
        var epsilon = (float)options.Epsilon;
        var keep = (float)(1 - (learningRate * options.WeightDecay));

        var vectors = MemoryMarshal.Cast<float, Vector<float>>(weights);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradient);
        var m = MemoryMarshal.Cast<float, Vector<float>>(first);
        var v = MemoryMarshal.Cast<float, Vector<float>>(second);
        for (var i = 0; i < vectors.Length; i++)
        {
            var scaled = g[i] * scale;
            var mean = (m[i] * beta1) + (scaled * rest1);
            var square = (v[i] * beta2) + (scaled * scaled * rest2);
            m[i] = mean;
            v[i] = square;
            vectors[i] = (vectors[i] * keep) - (mean * stepSize / ((Vector.SquareRoot(square) * inverseRoot) + new Vector<float>(epsilon)));
        }

        for (var i = vectors.Length * Vector<float>.Count; i < weights.Length; i++)
        {
            var scaled = gradient[i] * scale;
            var mean = (first[i] * beta1) + (scaled * rest1);
            var square = (second[i] * beta2) + (scaled * scaled * rest2);
            first[i] = mean;
            second[i] = square;
            weights[i] = (weights[i] * keep) - (mean * stepSize / ((MathF.Sqrt(square) * inverseRoot) + epsilon));
        }
    }

    /// <summary>By repeated squaring: multiplication rounds alike everywhere, libraries' powers need not.</summary>
    internal static double Power(double value, long exponent)
    {
        var result = 1.0;
        for (; exponent > 0; exponent >>= 1, value *= value)
        {
            if ((exponent & 1) == 1)
            {
                result *= value;
            }
        }

        return result;
    }
}
