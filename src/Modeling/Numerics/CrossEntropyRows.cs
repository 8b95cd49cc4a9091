using System.Buffers;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Loss and gradient of rows of scores, a row at a time in the processor's cache.</summary>
internal static unsafe class CrossEntropyRows
{
    private const int Lanes = 16;

    /// <summary>Label-smoothed cross entropy in nats, added up; the scores become its gradient where that is asked for.</summary>
    /// <param name="scores_CV">[C, V] float32 or bfloat16, contiguous, in the CPU's memory.</param>
    /// <param name="labels_C">In [0, V).</param>
    /// <param name="ignored">Rows with this label have neither loss nor gradient.</param>
    /// <param name="smoothing">ε.</param>
    /// <param name="withGradient">Whether to overwrite the scores.</param>
    public static double Apply(Tensor scores_CV, ReadOnlySpan<long> labels_C, long ignored, float smoothing, bool withGradient)
    {
        var vocabulary = (int)scores_CV.shape[1];
        var isRounded = scores_CV.dtype == ScalarType.BFloat16;
        var room = (vocabulary + Lanes - 1) / Lanes * Lanes;
        var rented = ArrayPool<float>.Shared.Rent(room);
        var loss = 0.0;
        fixed (byte* start = scores_CV.bytes)
        fixed (float* z = rented)
        {
            for (var row = 0; row < labels_C.Length; row++)
            {
                var at = (long)row * vocabulary;
                var label = labels_C[row];
                if (label == ignored)
                {
                    if (withGradient)
                    {
                        Zero(start, at, vocabulary, isRounded);
                    }
                    continue;
                }
                if ((ulong)label >= (ulong)vocabulary)
                {
                    throw new ArgumentOutOfRangeException(nameof(labels_C), label, $"A label is one of {vocabulary} tokens.");
                }
                if (isRounded)
                {
                    BFloat16Memory.Widen((ushort*)start + at, z, vocabulary);
                }
                else
                {
                    new ReadOnlySpan<float>((float*)start + at, vocabulary).CopyTo(new Span<float>(z, vocabulary));
                }
                new Span<float>(z + vocabulary, room - vocabulary).Fill(float.NegativeInfinity);
                var (scoreOfLabel, sum) = (z[label], Sum(z, vocabulary));
                var greatest = Greatest(z, room);
                var total = Exponentials(z, room, greatest);
                var logTotal = greatest + MathF.Log(total);
                loss += ((1 - smoothing) * (logTotal - scoreOfLabel)) + (smoothing * (logTotal - (sum / vocabulary)));
                if (!withGradient)
                {
                    continue;
                }
                Scale(z, room, 1 / total, smoothing / vocabulary);
                z[label] -= 1 - smoothing;
                if (isRounded)
                {
                    BFloat16Memory.Round(z, (ushort*)start + at, vocabulary);
                }
                else
                {
                    new ReadOnlySpan<float>(z, vocabulary).CopyTo(new Span<float>((float*)start + at, vocabulary));
                }
            }
        }
        ArrayPool<float>.Shared.Return(rented);
        return loss;
    }

    private static void Zero(byte* start, long at, int count, bool isRounded)
    {
        if (isRounded)
        {
            new Span<ushort>((ushort*)start + at, count).Clear();
        }
        else
        {
            new Span<float>((float*)start + at, count).Clear();
        }
    }

    private static float Sum(float* z, int count)
    {
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            sums += Vector512.Load(z + i);
        }
        var sum = Sum(sums);
        for (; i < count; i++)
        {
            sum += z[i];
        }
        return sum;
    }

    private static float Greatest(float* z, int room)
    {
        var most = Vector512.Load(z);
        for (var i = Lanes; i < room; i += Lanes)
        {
            most = Vector512.Max(most, Vector512.Load(z + i));
        }
        var greatest = most[0];
        for (var lane = 1; lane < Lanes; lane++)
        {
            greatest = MathF.Max(greatest, most[lane]);
        }
        return greatest;
    }

    /// <summary>z becomes exp(z − greatest).</summary>
    /// <returns>Their sum.</returns>
    private static float Exponentials(float* z, int room, float greatest)
    {
        var sums = Vector512<float>.Zero;
        for (var i = 0; i < room; i += Lanes)
        {
            var e = VectorExp.Of(Vector512.Load(z + i) - Vector512.Create(greatest));
            e.Store(z + i);
            sums += e;
        }
        return Sum(sums);
    }

    /// <summary>z becomes z · factor − subtracted.</summary>
    private static void Scale(float* z, int room, float factor, float subtracted)
    {
        for (var i = 0; i < room; i += Lanes)
        {
            ((Vector512.Load(z + i) * Vector512.Create(factor)) - Vector512.Create(subtracted)).Store(z + i);
        }
    }

    // In an order of its own: Vector512.Sum may add in another on another processor.
    private static float Sum(Vector512<float> sums)
    {
        var (low, high) = (sums.GetLower(), sums.GetUpper());
        var eight = low + high;
        var four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }
}
