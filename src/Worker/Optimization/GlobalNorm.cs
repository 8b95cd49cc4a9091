using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TrainingCluster.Worker.Optimization;

/// <summary>The Euclidean norm of the whole gradient, added up in an order that does not depend on the machine.</summary>
public static class GlobalNorm
{
    /// <summary>The buffer is added up in blocks of so many floats, the blocks in their order.</summary>
    public const int BlockFloats = 64 * 1024;

    /// <summary>
    /// Sum of squares in double precision. It is finite exactly when every element is: the square of a finite float never
    /// overflows a double.
    /// </summary>
    public static double SumOfSquares(ReadOnlySpan<float> values)
    {
        var total = 0.0;
        for (var offset = 0; offset < values.Length; offset += BlockFloats)
        {
            total += Block(values.Slice(offset, Math.Min(BlockFloats, values.Length - offset)));
        }
        return total;
    }

    private static double Block(ReadOnlySpan<float> values)
    {
        // Always four sums of four lanes, also where the processor has wider or narrower vectors.
        var a = Vector256<double>.Zero;
        var b = a;
        var c = a;
        var d = a;
        var vectors = MemoryMarshal.Cast<float, Vector256<float>>(values);
        var i = 0;
        for (; i + 1 < vectors.Length; i += 2)
        {
            var (low, high) = Vector256.Widen(vectors[i]);
            a += low * low;
            b += high * high;
            (low, high) = Vector256.Widen(vectors[i + 1]);
            c += low * low;
            d += high * high;
        }

        var lanes = a + b + (c + d);
        var sum = lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
        for (var rest = i * Vector256<float>.Count; rest < values.Length; rest++)
        {
            sum += (double)values[rest] * values[rest];
        }
        return sum;
    }
}
