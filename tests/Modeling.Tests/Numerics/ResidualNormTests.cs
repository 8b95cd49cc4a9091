using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class ResidualNormTests
{
    // Widths that fill vectors of 16, and that do not; more rows than are added up at a time.
    [Theory]
    [InlineData(3, 32)]
    [InlineData(150, 37)]
    [InlineData(64, 5)]
    [InlineData(1, 3)]
    public void Apply_IsThatOfLibtorchAndItsGradients(int rows, int width)
    {
        using var scope = NewDisposeScope();
        AssertSame(rows, width, 2e-6);
    }

    [Fact]
    public void Last_IsTheNormAlone()
    {
        using var scope = NewDisposeScope();
        AssertSame(
            Results(150, 37, (x, norm) => (zeros_like(x), norm.call(x))),
            Results(150, 37, (x, norm) => (zeros_like(x), ResidualNorm.Last(x, norm))),
            2e-6
        );
    }

    [Fact]
    public void Apply_BFloat16_IsRounded()
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        AssertSame(70, 48, 0.02);
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        using var scope = NewDisposeScope();
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Results(300, 37, ResidualNorm.Apply);
            set_num_threads(3);
            Assert.All(
                one.Zip(Results(300, 37, ResidualNorm.Apply)),
                pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>())
            );
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Apply_NoGradientsOrNoRows_IsTheNormItself()
    {
        using var scope = NewDisposeScope();
        using var norm = nn.LayerNorm(4);
        Assert.Equal(0, ResidualNorm.Apply(zeros(0, 4), norm).Norm.numel());
        using var none = no_grad();
        var x = randn(3, 4);
        var (residual, result) = ResidualNorm.Apply(x, norm);
        Assert.Same(x, residual);
        Assert.True(norm.call(x).equal(result).all().item<bool>());
    }

    private static void AssertSame(int rows, int width, double tolerance) =>
        AssertSame(Results(rows, width, (x, norm) => (x, norm.call(x))), Results(rows, width, ResidualNorm.Apply), tolerance);

    private static void AssertSame(List<Tensor> expected, List<Tensor> found, double tolerance)
    {
        Assert.All(
            expected.Zip(found),
            pair =>
            {
                var difference = pair.First.sub(pair.Second).abs().max().item<float>();
                Assert.True(difference <= tolerance * Math.Max(1, pair.First.abs().max().item<float>()), $"{difference}");
            }
        );
    }

    private static List<Tensor> Results(int rows, int width, Func<Tensor, TorchSharp.Modules.LayerNorm, (Tensor, Tensor)> apply)
    {
        manual_seed(3);
        using var norm = nn.LayerNorm(width);
        using (no_grad())
        {
            norm.weight!.normal_();
            norm.bias!.normal_();
        }
        var x = randn(2, rows, width).mul(Number.Of(3)).add(Number.Of(1), Number.Of(1)).requires_grad_();
        var (ofResidual, ofNorm) = (randn(x.shape), randn(x.shape));
        var (residual, normed) = apply(x.mul(Number.Of(2)), norm);
        residual.mul(ofResidual).sum().add(normed.mul(ofNorm).sum(), Number.Of(1)).backward();
        return [residual, normed.to(ScalarType.Float32), x.grad!, norm.weight!.grad!.alias(), norm.bias!.grad!.alias()];
    }
}
