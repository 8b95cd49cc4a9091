using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// The rotations of positions 0…T−1, for heads in the CPU's memory. The bits are those of <see cref="RotaryEncoding.forward"/>: each
/// product and each sum is rounded. Legend: <c>T</c> positions, <c>K</c> head width.
/// </summary>
internal sealed unsafe class RotaryTable
{
    private readonly int _half;

    /// <param name="length">T.</param>
    /// <param name="headWidth">K; even.</param>
    public RotaryTable(long length, long headWidth)
    {
        (Length, _half) = (length, (int)headWidth / 2);
        (Cosines, Sines) = (new float[length * _half], new float[length * _half]);
        for (var position = 0L; position < length; position++)
        {
            for (var pair = 0; pair < _half; pair++)
            {
                var angle = position * SinusoidalEncoding.Frequency(pair, headWidth);
                Cosines[(position * _half) + pair] = (float)Math.Cos(angle);
                Sines[(position * _half) + pair] = (float)Math.Sin(angle);
            }
        }
    }

    /// <summary>T.</summary>
    public long Length { get; }

    /// <summary>[T, K/2].</summary>
    public float[] Cosines { get; }

    /// <summary>[T, K/2].</summary>
    public float[] Sines { get; }

    /// <summary>Rotates the row [K] of one head at a position.</summary>
    public void Rotate(float* x_K, long position) => Turn(x_K, position, 1);

    /// <summary>The reverse, which is also how a gradient comes back through the rotation.</summary>
    public void RotateBack(float* x_K, long position) => Turn(x_K, position, -1);

    // (a, b) → (a cos − b sin, b cos + a sin)
    private void Turn(float* x_K, long position, float direction)
    {
        fixed (
            float* cosines = &Cosines[position * _half],
                sines = &Sines[position * _half]
        )
        {
            var first = x_K;
            var second = x_K + _half;
            var pair = 0;
            for (; pair <= _half - Vector256<float>.Count; pair += Vector256<float>.Count)
            {
                var (a, b) = (Vector256.Load(first + pair), Vector256.Load(second + pair));
                var (cosine, sine) = (Vector256.Load(cosines + pair), Vector256.Load(sines + pair) * direction);
                ((a * cosine) - (b * sine)).Store(first + pair);
                ((b * cosine) + (a * sine)).Store(second + pair);
            }
            for (; pair < _half; pair++)
            {
                var (a, b) = (first[pair], second[pair]);
                var (cosine, sine) = (cosines[pair], sines[pair] * direction);
                first[pair] = (a * cosine) - (b * sine);
                second[pair] = (b * cosine) + (a * sine);
            }
        }
    }
}
