using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.Tests.Optimization;

public sealed class AdamWTests
{
    private static readonly AdamWOptions s_options = new(0.9, 0.98, 1e-9, 0.01);

    [Fact]
    public void Update_ThreeSteps_FollowsThePaper()
    {
        // Loshchilov and Hutter 2019, algorithm 2, in double precision.
        var random = new Random(1);
        var weights = Draw(random, 100);
        double[] w = [.. weights],
            m = new double[100],
            v = new double[100];
        float[] first = new float[100],
            second = new float[100];
        for (var t = 1; t <= 3; t++)
        {
            var gradient = Draw(random, 100);
            AdamW.Update(s_options, 0.01, t, 0.5, weights, gradient, first, second);
            for (var i = 0; i < 100; i++)
            {
                var g = gradient[i] * 0.5;
                m[i] = (0.9 * m[i]) + (0.1 * g);
                v[i] = (0.98 * v[i]) + (0.02 * g * g);
                w[i] -= (0.01 * m[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.98, t))) + 1e-9)) + (0.01 * 0.01 * w[i]);
            }
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(w[i], weights[i], 1e-5);
        }
    }

    [Fact]
    public void Update_InPieces_GivesTheSameBits()
    {
        var random = new Random(2);
        float[] weights = Draw(random, 1003),
            gradient = Draw(random, 1003),
            first = Draw(random, 1003),
            second = [.. Draw(random, 1003).Select(MathF.Abs)];
        float[] w = [.. weights],
            m = [.. first],
            v = [.. second];
        AdamW.Update(s_options, 0.01, 7, 0.3, weights, gradient, first, second);
        foreach (var (from, to) in new[] { (0, 5), (5, 500), (500, 1003) })
        {
            AdamW.Update(s_options, 0.01, 7, 0.3, w.AsSpan(from..to), gradient.AsSpan(from..to), m.AsSpan(from..to), v.AsSpan(from..to));
        }
        Assert.Equal(weights, w);
        Assert.Equal(first, m);
        Assert.Equal(second, v);
    }

    [Fact]
    public void Update_ZeroGradientAndMoments_LeavesZerosZero()
    {
        // The gaps of the flat layout must stay zero for ever.
        float[] weights = new float[8],
            first = new float[8],
            second = new float[8];
        AdamW.Update(s_options, 0.01, 1, 1, weights, new float[8], first, second);
        Assert.All(weights, w => Assert.Equal(0f, w));
    }

    [Fact]
    public void Update_DifferentLengths_Throws() =>
        Assert.Throws<ArgumentException>(() => AdamW.Update(s_options, 0.01, 1, 1, new float[2], new float[3], new float[2], new float[2]));

    [Theory]
    [InlineData(0.9, 1)]
    [InlineData(0.98, 1000)]
    [InlineData(0.999, 123456)]
    public void Power_AnyExponent_AgreesWithTheLibrary(double value, long exponent) =>
        Assert.Equal(Math.Pow(value, exponent), AdamW.Power(value, exponent), 1e-12);

    private static float[] Draw(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
}
