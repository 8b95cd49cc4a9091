using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class RoundedMatricesTests
{
    // bfloat16 keeps 8 bits: what is rounded once is off by at most 2⁻⁸ of itself, and the sums in float32 add little to that.
    private const double Rounding = 1.0 / 255;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(64, 512, 48)]
    [InlineData(0, 8, 4)]
    public void Multiply_BFloat16_IsTheExactProductRoundedOnce(int n, int k, int m)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Random(n, k), Random(m, k).t());
        var found = RoundedMatrices.Multiply(a, b);
        Assert.Equal([n, m], found.shape);
        AssertClose(Exact(a).matmul(Exact(b)), found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Linear_BFloat16_IsTheExactOneRoundedOnce(bool withBias)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (Random(2, 9, 33), Random(17, 33), withBias ? Random(17) : null);
        var found = RoundedMatrices.Linear(x, weight, bias);
        Assert.Equal([2, 9, 17], found.shape);
        AssertClose(nn.functional.linear(Exact(x), Exact(weight), bias is null ? null : Exact(bias)), found);
    }

    [Fact]
    public void Float32_IsLeftAsItIs()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (randn(5, 9), randn(9, 3));
        Assert.True(a.matmul(b).equal(RoundedMatrices.Multiply(a, b)).all().item<bool>());
        Assert.True(nn.functional.linear(a, b.t()).equal(RoundedMatrices.Linear(a, b.t(), null)).all().item<bool>());
    }

    private static Tensor Random(params long[] shape) => randn(shape).to(ScalarType.BFloat16);

    private static Tensor Exact(Tensor x) => x.to(ScalarType.Float64);

    private static void AssertClose(Tensor exact, Tensor found)
    {
        Assert.Equal(ScalarType.BFloat16, found.dtype);
        // What nearly cancels has the error of its summands.
        var allowed = exact.abs().mul(Number.Of(Rounding)).add(Number.Of(1e-4), Number.Of(1));
        Assert.True(Exact(found).sub(exact).abs().le(allowed).all().item<bool>());
    }
}
