using TorchSharp;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests;

public class SmokeTests
{
    [Fact]
    public void Backward_ThroughLinear_GivesTheAnalyticGradient()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 1, 2 }, { 3, 4 } });
        var layer = nn.Linear(2, 1);
        var w = autograd.grad([layer.call(x).sum()], [layer.weight!])[0];
        Assert.Equal([4f, 6f], w.data<float>().ToArray());
    }

    [Fact]
    public void Apply_CustomFunction_RunsBothPasses()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
        var y = Twice.apply(x, 3.0);
        y.sum().backward();
        Assert.Equal([3f, 6f, 9f], y.data<float>().ToArray());
        Assert.Equal([3f, 3f, 3f], x.grad!.data<float>().ToArray());
    }

    private sealed class Twice : autograd.SingleTensorFunction<Twice>
    {
        public override string Name => nameof(Twice);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data("factor", vars[1]);
            return ((Tensor)vars[0]).mul((double)vars[1]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
            [grad_output.mul((double)ctx.get_data("factor")!), null!];
    }
}
