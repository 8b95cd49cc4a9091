using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Compat.TorchSharp.Tests.Nn;

public class LayerNormTests
{
    [Theory]
    [InlineData(4, 256)]
    [InlineData(600, 16)]
    [InlineData(3, 7)]
    [InlineData(2, 21)]
    [InlineData(5, 8)]
    public void LayerNorm_AnyWidth_AgreesWithTheEquation(long rows, long width)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor[] inputs = [(randn(rows, width) * 3 + 2).requires_grad_(), randn([width], requires_grad: true), randn([width], requires_grad: true)];
        Numeric.SameFunction(
            x => Equation(x[0]) * x[1] + x[2],
            x => F.layer_norm(x[0], [width], x[1], x[2]),
            inputs,
            2e-5);
    }

    [Fact]
    public void LayerNorm_WithoutParameters_AgreesWithTheEquation()
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [randn([3, 4, 10], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x[0]), x => F.layer_norm(x[0], [10]), inputs);
    }

    [Fact]
    public void LayerNorm_TwoDimensions_AgreesWithTheFlatOne()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 4, 5);
        Numeric.Close(F.layer_norm(x.view(3, 20), [20]).view(3, 4, 5), F.layer_norm(x, [4, 5]));
    }

    [Fact]
    public void LayerNorm_StridedInput_AgreesWithTheEquation()
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [randn([8, 3], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x[0].t()), x => F.layer_norm(x[0].t(), [8]), inputs);
    }

    [Fact]
    public void LayerNorm_Module_StartsAsIdentityScaling()
    {
        using var scope = NewDisposeScope();
        var layer = nn.LayerNorm(6);
        Assert.Equal([1f, 1, 1, 1, 1, 1], layer.weight!.Floats());
        Assert.Equal(new float[6], layer.bias!.Floats());
        var y = layer.call(randn(5, 6));
        Assert.All(y.mean([1]).Floats(), m => Assert.Equal(0f, m, 1e-5f));
    }

    private static Tensor Equation(Tensor x)
    {
        var centred = x - x.mean([-1], keepdim: true);
        return centred / (centred.pow(2).mean([-1], keepdim: true) + 1e-5).sqrt();
    }
}
