using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Autograd;

public class FunctionTests
{
    [Fact]
    public void Apply_Function_RunsBothPasses()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
        var y = Power.apply(x, 3.0);
        Assert.Equal([1f, 8, 27], y.Floats());
        Assert.Equal([3f, 12, 27], autograd.grad([y.sum()], [x])[0].Floats());
    }

    [Fact]
    public void Apply_NothingNeedsGradients_LeavesNoHistory()
    {
        using var scope = NewDisposeScope();
        Assert.False(Power.apply(ones(2), 2.0).requires_grad);
        using var frozen = no_grad();
        Assert.False(Power.apply(ones([2], requires_grad: true), 2.0).requires_grad);
    }

    [Fact]
    public void Apply_IdentityAroundAParameter_TellsWhenItsGradientIsThere()
    {
        using var scope = NewDisposeScope();
        var order = new List<string>();
        var x = ones([2], requires_grad: true);
        var first = Tap.apply(x, () => order.Add("first"));
        var second = Tap.apply(first * 2, () => order.Add("second"));
        Assert.Empty(order);
        Assert.Equal([6f, 6f], autograd.grad([(second * 3).sum()], [x])[0].Floats());
        Assert.Equal(["second", "first"], order);
    }

    [Fact]
    public void Apply_SeveralTensors_OneGradientEach()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 2 }, requires_grad: true);
        var b = tensor(new float[] { 5 }, requires_grad: true);
        var results = SumAndProduct.apply(a, b);
        Assert.Equal([7f], results[0].Floats());
        Assert.Equal([10f], results[1].Floats());
        var grads = autograd.grad([results[0] + results[1] * 10], [a, b]);
        Assert.Equal([51f], grads[0].Floats());
        Assert.Equal([21f], grads[1].Floats());
    }

    [Fact]
    public void Backward_OneResultUnused_ArrivesAsZeros()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 2 }, requires_grad: true);
        var b = tensor(new float[] { 5 }, requires_grad: true);
        Assert.Equal([5f], autograd.grad([SumAndProduct.apply(a, b)[1]], [a])[0].Floats());
    }

    [Fact]
    public void Apply_InsideALargerGraph_IsWalkedByBackward()
    {
        using var scope = NewDisposeScope();
        var layer = nn.Linear(2, 2);
        var y = Power.apply(layer.call(ones(1, 2)), 2.0).sum();
        var expected = layer.call(ones(1, 2)).pow(2).sum();
        Numeric.Close(autograd.grad([expected], [layer.weight!])[0], autograd.grad([y], [layer.weight!])[0]);
    }

    [Fact]
    public void Backward_WrongNumberOfGradients_SaysHowMany()
    {
        Assert.SkipUnless(Numeric.IsOurs, "the package ends the process here");
        using var scope = NewDisposeScope();
        var y = Short.apply(ones([1], requires_grad: true), 1, 2);
        var error = Assert.Throws<NotImplementedException>(() => y.sum().backward());
        Assert.Contains("Short", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backward_Throwing_ReachesTheCaller()
    {
        Assert.SkipUnless(Numeric.IsOurs, "the package ends the process here");
        using var scope = NewDisposeScope();
        var x = ones([1], requires_grad: true);
        var y = Tap.apply(x, (Action)(() => throw new TimeoutException("too late")));
        Assert.Equal("too late", Assert.Throws<TimeoutException>(() => y.sum().backward()).Message);
        Assert.Equal([2f], autograd.grad([(x * 2).sum()], [x])[0].Floats());
    }

    [Fact]
    public void Apply_ManyTimes_LeavesNothingBehind()
    {
        var before = Tensor.TotalCount;
        for (var i = 0; i < 500; i++)
        {
            using var scope = NewDisposeScope();
            var x = ones([10], requires_grad: true);
            autograd.grad([Power.apply(x, 2.0).sum()], [x]);
            Power.apply(x, 2.0);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Power : autograd.SingleTensorFunction<Power>
    {
        public override string Name => nameof(Power);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("exponent", vars[1]);
            return x.pow((double)vars[1]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var exponent = (double)ctx.get_data("exponent")!;
            return [grad_output * ctx.get_saved_variables()[0].pow(exponent - 1) * exponent, null!];
        }
    }

    private sealed class Tap : autograd.SingleTensorFunction<Tap>
    {
        public override string Name => nameof(Tap);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data("signal", vars[1]);
            return ((Tensor)vars[0]).alias();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            ((Action)ctx.get_data("signal")!)();
            return [grad_output, null!];
        }
    }

    private sealed class SumAndProduct : autograd.MultiTensorFunction<SumAndProduct>
    {
        public override string Name => nameof(SumAndProduct);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (a, b) = ((Tensor)vars[0], (Tensor)vars[1]);
            ctx.save_for_backward([a, b]);
            return [a + b, a * b];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var saved = ctx.get_saved_variables();
            return [grad_outputs[0] + grad_outputs[1] * saved[1], grad_outputs[0] + grad_outputs[1] * saved[0]];
        }
    }

    private sealed class Short : autograd.SingleTensorFunction<Short>
    {
        public override string Name => nameof(Short);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output];
    }
}
