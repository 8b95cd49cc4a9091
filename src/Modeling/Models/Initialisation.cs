using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// First weights: matrices Xavier-uniform (Glorot and Bengio 2010), embeddings and learned positions of variance 1/D,
/// recurrent matrices uniform in ±1/√(fan in), gains 1, biases 0 but for an LSTM's forget gate, which starts open
/// (Jozefowicz et al. 2015). The numbers come from integer arithmetic of our own, not from libtorch's generators, whose
/// streams depend on its version and the processor's instruction set.
/// </summary>
public static class Initialisation
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>Sets every parameter as a function of the seed and the parameter's place in the model.</summary>
    public static unsafe void Fill(torch.nn.Module model, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var index = 0UL;
        foreach (var (name, parameter) in model.named_parameters())
        {
            // Not an array: as large as the model, they would stay with the process until the next full collection.
            using var values = empty(parameter.shape, ScalarType.Float32, CPU);
            fixed (byte* start = values.bytes)
            {
                var span = new Span<float>(start, checked((int)values.numel()));
                Fill(span, name, parameter.shape, Mix(seed + GoldenGamma * ++index));
            }
            parameter.copy_(values);
        }
        foreach (var module in model.modules())
        {
            if (module is RecurrentCell { IsLstm: true } cell)
            {
                cell.OpenForgetGate();
            }
        }
    }

    private static void Fill(Span<float> values, string name, long[] shape, ulong stream)
    {
        var own = name[(name.LastIndexOf('.') + 1)..];
        if (shape.Length == 1)
        {
            values.Fill(own.Contains("bias", StringComparison.Ordinal) ? 0 : 1);
        }
        else if (name.StartsWith("positions.", StringComparison.Ordinal) || name.Contains("embedding.", StringComparison.Ordinal))
        {
            Normal(values, Math.Pow(shape[1], -0.5), stream);
        }
        else if (own is "weight_ih" or "weight_hh")
        {
            Uniform(values, Math.Pow(shape[1], -0.5), stream);
        }
        else
        {
            Uniform(values, Math.Sqrt(6.0 / (shape[0] + shape[1])), stream);
        }
    }

    // 24 random bits a number, the mantissa of a float.
    private static void Uniform(Span<float> values, double bound, ulong stream)
    {
        foreach (ref var value in values)
        {
            value = (float)(bound * (2 * ((Next(ref stream) >> 40) + 0.5) / (1 << 24) - 1));
        }
    }

    // The sum of twelve uniform numbers of 16 bits: variance 65536², and no logarithm whose last bit depends on a library.
    private static void Normal(Span<float> values, double deviation, ulong stream)
    {
        foreach (ref var value in values)
        {
            var sum = 0UL;
            for (var draw = 0; draw < 3; draw++)
            {
                var bits = Next(ref stream);
                sum += (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
            }
            value = (float)(deviation * (sum - 12 * 32767.5) / 65536);
        }
    }

    // SplitMix64 (Steele, Lea and Flood 2014).
    private static ulong Next(ref ulong state) => Mix(state += GoldenGamma);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
