using System.Buffers;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Loss and gradient of R-Drop (Liang et al. 2021, equations 2 to 4), two rows of scores at a time in the processor's cache: what a
/// token's two passes scored, with p and q their probabilities and d = log p − log q. Legend: <c>C</c> tokens, <c>V</c> vocabulary.
/// </summary>
internal static unsafe class RDropRows
{
    /// <summary>
    /// Half of both label-smoothed cross entropies, plus a quarter of the weight times KL(p‖q) + KL(q‖p), in nats, added up; the scores
    /// become its gradient where that is asked for.
    /// </summary>
    /// <param name="scores_2CV">[2, C, V] float32 or bfloat16, contiguous, in the CPU's memory.</param>
    /// <param name="labels_C">In [0, V).</param>
    /// <param name="ignored">Tokens with this label have neither loss nor gradient.</param>
    /// <param name="smoothing">ε.</param>
    /// <param name="weight">α.</param>
    /// <param name="withGradient">Whether to overwrite the scores.</param>
    public static double Apply(
        Tensor scores_2CV,
        ReadOnlySpan<long> labels_C,
        long ignored,
        float smoothing,
        float weight,
        bool withGradient
    )
    {
        var vocabulary = (int)scores_2CV.shape[2];
        var isRounded = scores_2CV.dtype == ScalarType.BFloat16;
        var room = ScoreRow.Room(vocabulary);
        var rented = ArrayPool<float>.Shared.Rent(4 * room);
        var loss = 0.0;
        fixed (byte* start = scores_2CV.bytes)
        fixed (float* rows = rented)
        {
            var (p, q) = (new Pass(rows, rows + room), new Pass(rows + (2 * room), rows + (3 * room)));
            for (var row = 0; row < labels_C.Length; row++)
            {
                var (first, second) = ((long)row * vocabulary, (long)(row + labels_C.Length) * vocabulary);
                var label = labels_C[row];
                if (label == ignored)
                {
                    if (withGradient)
                    {
                        ScoreRow.Zero(start, first, vocabulary, isRounded);
                        ScoreRow.Zero(start, second, vocabulary, isRounded);
                    }
                    continue;
                }
                ScoreRow.CheckLabel(label, vocabulary);
                p.Read(start, first, isRounded, vocabulary);
                q.Read(start, second, isRounded, vocabulary);
                loss += (p.Entropy(label, smoothing, vocabulary) + q.Entropy(label, smoothing, vocabulary)) / 2;
                var (fromP, fromQ) = Divergences(p, q, room);
                loss += weight / 4 * (fromP + fromQ);
                if (!withGradient)
                {
                    continue;
                }
                Differentiate(p, q, fromP, fromQ, weight / 4, smoothing / vocabulary / 2, room);
                p.Scores[label] -= (1 - smoothing) / 2;
                q.Scores[label] -= (1 - smoothing) / 2;
                ScoreRow.Write(p.Scores, start, first, isRounded, vocabulary);
                ScoreRow.Write(q.Scores, start, second, isRounded, vocabulary);
            }
        }
        ArrayPool<float>.Shared.Return(rented);
        return loss;
    }

    /// <summary>KL(p‖q) = Σ p d, and KL(q‖p) = −Σ q d.</summary>
    private static (float FromP, float FromQ) Divergences(Pass p, Pass q, int room)
    {
        var (fromP, fromQ) = (Vector512<float>.Zero, Vector512<float>.Zero);
        for (var i = 0; i < room; i += ScoreRow.Lanes)
        {
            var d = p.LogProbabilities(i) - q.LogProbabilities(i);
            fromP += p.Probabilities(i) * d;
            fromQ -= q.Probabilities(i) * d;
        }
        return (ScoreRow.Sum(fromP), ScoreRow.Sum(fromQ));
    }

    /// <summary>
    /// Scores become ½ (p − shared) + weight (p (d − KL(p‖q)) + p − q), and the same with p and q, and the sign of d, exchanged:
    /// the derivatives by the scores behind p and q. The label's own part is left to the caller.
    /// </summary>
    private static void Differentiate(Pass p, Pass q, float fromP, float fromQ, float weight, float shared, int room)
    {
        var (half, factor, subtracted) = (Vector512.Create(0.5f), Vector512.Create(weight), Vector512.Create(shared));
        var (divergenceOfP, divergenceOfQ) = (Vector512.Create(fromP), Vector512.Create(fromQ));
        for (var i = 0; i < room; i += ScoreRow.Lanes)
        {
            var (pi, qi) = (p.Probabilities(i), q.Probabilities(i));
            var d = p.LogProbabilities(i) - q.LogProbabilities(i);
            var difference = pi - qi;
            (((pi * half) - subtracted) + (factor * ((pi * (d - divergenceOfP)) + difference))).Store(p.Scores + i);
            (((qi * half) - subtracted) - (factor * ((qi * (d + divergenceOfQ)) + difference))).Store(q.Scores + i);
        }
    }

    /// <summary>What one pass scored for a token.</summary>
    private struct Pass(float* scores, float* exponentials)
    {
        // Finite, so that nothing that fills a vector up is no number; its exponential is zero.
        private const float Filling = -1e30f;

        private float _logTotal;
        private float _perTotal;

        public readonly float* Scores => scores;

        public void Read(byte* start, long at, bool isRounded, int vocabulary)
        {
            ScoreRow.Read(start, at, isRounded, scores, vocabulary, Filling);
            var room = ScoreRow.Room(vocabulary);
            var greatest = ScoreRow.Greatest(scores, room);
            var total = ScoreRow.Exponentials(scores, exponentials, room, greatest);
            (_logTotal, _perTotal) = (greatest + MathF.Log(total), 1 / total);
        }

        public readonly float Entropy(long label, float smoothing, int vocabulary) =>
            ((1 - smoothing) * (_logTotal - scores[label])) + (smoothing * (_logTotal - (ScoreRow.Sum(scores, vocabulary) / vocabulary)));

        public readonly Vector512<float> LogProbabilities(int i) => Vector512.Load(scores + i) - Vector512.Create(_logTotal);

        public readonly Vector512<float> Probabilities(int i) => Vector512.Load(exponentials + i) * Vector512.Create(_perTotal);
    }
}
