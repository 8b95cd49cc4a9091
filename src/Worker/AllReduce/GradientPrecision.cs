using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// What becomes of gradients between workers. With <see cref="Rounded"/> the gradient of each shard, and each sum of the tree, is
/// rounded to bfloat16 wherever it is formed, so that half the bytes travel. Which workers form it does not matter: the weights are
/// others than with float32, and the same on any number of workers.
/// </summary>
public sealed class GradientPrecision
{
    private const int RoundedTogether = 1024;

    private GradientPrecision(bool isRounded) => IsRounded = isRounded;

    /// <summary>As backward leaves them.</summary>
    public static GradientPrecision Exact { get; } = new(isRounded: false);

    /// <summary>Rounded, to nearest, ties to even.</summary>
    public static GradientPrecision Rounded { get; } = new(isRounded: true);

    /// <summary>Whether numbers have no more digits than bfloat16 has.</summary>
    public bool IsRounded { get; }

    /// <summary>By its name in a job's specification.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static GradientPrecision Of(string name) =>
        name switch
        {
            "float32" => Exact,
            "bfloat16" => Rounded,
            _ => throw new ArgumentException(
                $"training.gradientPrecision '{name}' is unknown: it is 'float32' or 'bfloat16'.",
                nameof(name)
            ),
        };

    /// <summary>A shard's gradient as the tree takes it, in place.</summary>
    public void Round(Span<float> gradient)
    {
        if (!IsRounded)
        {
            return;
        }
        var bits = MemoryMarshal.Cast<float, uint>(gradient);
        var i = 0;
        for (; i <= bits.Length - Vector256<uint>.Count; i += Vector256<uint>.Count)
        {
            var some = bits.Slice(i, Vector256<uint>.Count);
            RoundedBits(Vector256.Create<uint>(some)).CopyTo(some);
        }
        for (; i < bits.Length; i++)
        {
            bits[i] = RoundedBits(Vector256.CreateScalar(bits[i])).ToScalar();
        }
    }

    /// <summary>A sum of the tree: a + b. It may lie where one of them does.</summary>
    public void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sum)
    {
        if (!IsRounded)
        {
            TensorPrimitives.Add(a, b, sum);
            return;
        }
        // Rounded while they are in the processor's cache.
        for (var at = 0; at < sum.Length; at += RoundedTogether)
        {
            var count = Math.Min(RoundedTogether, sum.Length - at);
            var part = sum.Slice(at, count);
            TensorPrimitives.Add(a.Slice(at, count), b.Slice(at, count), part);
            Round(part);
        }
    }

    /// <summary>Rounded numbers in half their bytes: the upper halves.</summary>
    internal static void Narrow(ReadOnlySpan<float> rounded, Span<ushort> to)
    {
        var bits = MemoryMarshal.Cast<float, uint>(rounded);
        var i = 0;
        for (; i <= bits.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            var low = Vector256.Create<uint>(bits.Slice(i, Vector256<uint>.Count)) >>> 16;
            var high = Vector256.Create<uint>(bits.Slice(i + Vector256<uint>.Count, Vector256<uint>.Count)) >>> 16;
            Vector256.Narrow(low, high).CopyTo(to.Slice(i, Vector256<ushort>.Count));
        }
        for (; i < bits.Length; i++)
        {
            to[i] = (ushort)(bits[i] >> 16);
        }
    }

    /// <summary>The other way round.</summary>
    internal static void Widen(ReadOnlySpan<ushort> from, Span<float> to)
    {
        var bits = MemoryMarshal.Cast<float, uint>(to);
        var i = 0;
        for (; i <= from.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create<ushort>(from.Slice(i, Vector256<ushort>.Count)));
            (low << 16).CopyTo(bits.Slice(i, Vector256<uint>.Count));
            (high << 16).CopyTo(bits.Slice(i + Vector256<uint>.Count, Vector256<uint>.Count));
        }
        for (; i < from.Length; i++)
        {
            bits[i] = (uint)from[i] << 16;
        }
    }

    private static Vector256<uint> RoundedBits(Vector256<uint> bits)
    {
        var rounded = bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u));
        var x = bits.AsSingle();
        // Rounding up could make a NaN zero, and the step would not be skipped.
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), rounded, Vector256.Create(0x7FC00000u))
            & Vector256.Create(0xFFFF0000u);
    }
}
