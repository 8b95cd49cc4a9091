using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>The exponential function of 16 numbers at a time, with the same bits on every processor.</summary>
internal static class VectorExp
{
    // ln 2 in two parts: the first has few digits, so that its product with a whole number is exact (Cody and Waite 1980).
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>exp x for x ≤ 0, to within two units in the last place; 0 below −87.3, and NaN for NaN.</summary>
    /// <remarks>
    /// 2ⁿ · p(r), n the whole number nearest to x / ln 2, |r| ≤ ln 2 / 2; the polynomial is that of the Cephes library's expf.
    /// </remarks>
    public static Vector512<float> Of(Vector512<float> x)
    {
        var n = Vector512.Floor((x * Vector512.Create(1.44269504088896341f)) + Vector512.Create(0.5f));
        var r = x - (n * Vector512.Create(Ln2High)) - (n * Vector512.Create(Ln2Low));
        // Products and sums apart: where a processor can join them, it would round once less.
        var p = Vector512.Create(1.9875691500e-4f);
        p = (p * r) + Vector512.Create(1.3981999507e-3f);
        p = (p * r) + Vector512.Create(8.3334519073e-3f);
        p = (p * r) + Vector512.Create(4.1665795894e-2f);
        p = (p * r) + Vector512.Create(1.6666665459e-1f);
        p = (p * r) + Vector512.Create(5.0000001201e-1f);
        var e = (p * r * r) + r + Vector512<float>.One;
        var power = ((Vector512.ConvertToInt32(n) + Vector512.Create(127)) << 23).AsSingle();
        var tooSmall = Vector512.LessThan(x, Vector512.Create(-87.3f));
        return Vector512.ConditionalSelect(tooSmall, Vector512<float>.Zero, e * power);
    }
}
