using System.Buffers;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Loss and gradient of rows of scores, a row at a time in the processor's cache.</summary>
internal static unsafe class CrossEntropyRows
{
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
        var room = ScoreRow.Room(vocabulary);
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
                        ScoreRow.Zero(start, at, vocabulary, isRounded);
                    }
                    continue;
                }
                ScoreRow.CheckLabel(label, vocabulary);
                ScoreRow.Read(start, at, isRounded, z, vocabulary, float.NegativeInfinity);
                var (scoreOfLabel, sum) = (z[label], ScoreRow.Sum(z, vocabulary));
                var greatest = ScoreRow.Greatest(z, room);
                var total = ScoreRow.Exponentials(z, z, room, greatest);
                var logTotal = greatest + MathF.Log(total);
                loss += ((1 - smoothing) * (logTotal - scoreOfLabel)) + (smoothing * (logTotal - (sum / vocabulary)));
                if (!withGradient)
                {
                    continue;
                }
                Scale(z, room, 1 / total, smoothing / vocabulary);
                z[label] -= 1 - smoothing;
                ScoreRow.Write(z, start, at, isRounded, vocabulary);
            }
        }
        ArrayPool<float>.Shared.Return(rented);
        return loss;
    }

    /// <summary>z becomes z · factor − subtracted.</summary>
    private static void Scale(float* z, int room, float factor, float subtracted)
    {
        for (var i = 0; i < room; i += ScoreRow.Lanes)
        {
            ((Vector512.Load(z + i) * Vector512.Create(factor)) - Vector512.Create(subtracted)).Store(z + i);
        }
    }
}
