using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Autograd;

public class AutogradTests
{
    [Fact]
    public void Grad_OfComposition_MatchesFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var weight = randn(4, 3);
        var factor = arange(1, 7, ScalarType.Float32).view(2, 3);
        Tensor Loss(Tensor x) => (x.matmul(weight).tanh().softmax(-1) * factor).sum() + x.pow(2).mean();
        var at = randn([2, 4], requires_grad: true);
        Numeric.Close(Numeric.Difference(Loss, at), autograd.grad([Loss(at)], [at])[0], 5e-3);
    }

    [Fact]
    public void Grad_Unused_IsNullWhenAllowed()
    {
        using var scope = NewDisposeScope();
        var a = ones([1], requires_grad: true);
        var b = ones([1], requires_grad: true);
        Assert.Null(autograd.grad([a * 2], [a, b], allow_unused: true)[1]);
        Assert.ThrowsAny<Exception>(() => autograd.grad([a * 2], [a, b]));
    }

    [Fact]
    public void Grad_RetainedGraph_MayBeWalkedAgain()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 3 }, requires_grad: true);
        var y = x * x;
        Assert.Equal([6f], autograd.grad([y], [x], retain_graph: true)[0].Floats());
        Assert.Equal([6f], autograd.grad([y], [x])[0].Floats());
        Assert.ThrowsAny<Exception>(() => autograd.grad([y], [x]));
    }

    [Fact]
    public void Grad_OfGrad_IsTheSecondDerivative()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 2 }, requires_grad: true);
        var first = autograd.grad([x.pow(3)], [x], create_graph: true)[0];
        Assert.Equal([12f], autograd.grad([first], [x])[0].Floats());
    }

    [Fact]
    public void NoGrad_Inside_RecordsNothing()
    {
        using var scope = NewDisposeScope();
        var x = ones([1], requires_grad: true);
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            Assert.False((x * 2).requires_grad);
            using (enable_grad()) Assert.True((x * 2).requires_grad);
            Assert.False(is_grad_enabled());
        }
        Assert.True((x * 2).requires_grad);
        using (inference_mode()) Assert.False((x * 2).requires_grad);
        using (set_grad_enabled(false)) Assert.False((x * 2).requires_grad);
    }

    [Fact]
    public void Detach_Tensor_HasNoHistory()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var y = (x * 2).detach();
        Assert.False(y.requires_grad);
        Assert.True(x.is_leaf);
        Assert.False((x * 2).is_leaf);
        Assert.True(y.requires_grad_().is_leaf);
    }

    [Fact]
    public void Backward_NotScalar_SaysWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var error = Assert.ThrowsAny<Exception>(() => (x * 2).backward());
        Assert.Contains("grad can be implicitly created only for scalar outputs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Grad_FusedLayersTwice_IsAnErrorNotAZero()
    {
        Assert.SkipUnless(Numeric.IsOurs, "the package can differentiate these twice");
        using var scope = NewDisposeScope();
        var x = randn([3, 5], requires_grad: true);
        var loss = nn.functional.cross_entropy(x, tensor(new long[] { 0, 1, 2 }));
        var error = Assert.ThrowsAny<Exception>(() => autograd.grad([loss], [x], create_graph: true));
        Assert.Contains("cross_entropy cannot be differentiated twice", error.Message, StringComparison.Ordinal);
    }
}
