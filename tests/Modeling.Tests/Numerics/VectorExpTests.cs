using System.Runtime.Intrinsics;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class VectorExpTests
{
    [Fact]
    public void Of_AnyNumberUpToZero_IsExpToTwoUnitsInTheLastPlace()
    {
        var random = new Random(2);
        for (var round = 0; round < 100_000; round++)
        {
            var x = -87 * random.NextSingle() * random.NextSingle();
            var expected = Math.Exp(x);
            Assert.InRange(Of(x), (float)(expected * (1 - 2.4e-7)), (float)(expected * (1 + 2.4e-7)));
        }
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-87.4f, 0f)]
    [InlineData(float.MinValue, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.NaN, float.NaN)]
    public void Of_Edges_AreExact(float x, float expected) => Assert.Equal(expected, Of(x));

    // Were a product and a sum joined, the number would be rounded once less.
    [Fact]
    public void Of_AnyNumber_HasTheBitsOfSingleProductsAndSums()
    {
        var random = new Random(3);
        for (var round = 0; round < 100_000; round++)
        {
            var x = -80 * random.NextSingle();
            var n = MathF.Floor(Rounded(x * 1.44269504088896341f) + 0.5f);
            var r = Rounded(x - Rounded(n * 0.693359375f)) - Rounded(n * -2.12194440e-4f);
            var p = 1.9875691500e-4f;
            foreach (var next in new[] { 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f })
            {
                p = Rounded(p * r) + next;
            }
            var e = Rounded(Rounded(Rounded(Rounded(p * r) * r) + r) + 1);
            Assert.Equal(Rounded(e * MathF.Pow(2, n)), Of(x));
        }

        static float Rounded(double exact) => (float)exact;
    }

    private static float Of(float x)
    {
        var all = VectorExp.Of(Vector512.Create(x));
        Assert.All(Enumerable.Range(0, Vector512<float>.Count), lane => Assert.Equal(all[0], all[lane]));
        return all[0];
    }
}
