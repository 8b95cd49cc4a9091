using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Compat.TorchSharp.Tests.Nn;

public class AttentionTests
{
    [Theory]
    [InlineData(2, 3, 5, 7, 8, 8)]
    [InlineData(1, 1, 1, 1, 1, 1)]
    [InlineData(2, 4, 24, 24, 64, 64)]
    [InlineData(3, 2, 70, 9, 5, 3)]
    [InlineData(1, 2, 130, 131, 17, 33)]
    public void ScaledDotProduct_AnyShape_AgreesWithTheEquation(long b, long h, long t, long s, long k, long v)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor[] qkv = [randn([b, h, t, k], requires_grad: true), randn([b, h, s, k], requires_grad: true), randn([b, h, s, v], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x, null), x => F.scaled_dot_product_attention(x[0], x[1], x[2]), qkv);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 1, 6)]
    [InlineData(2, 3, 6)]
    public void ScaledDotProduct_BooleanMask_TrueTakesPart(long batches, long heads, long targets)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var mask = rand(batches, heads, targets, 9) > 0.4;
        mask[TensorIndex.Ellipsis, TensorIndex.Single(0)] = tensor(true);
        Tensor[] qkv = [randn([2, 3, 6, 4], requires_grad: true), randn([2, 3, 9, 4], requires_grad: true), randn([2, 3, 9, 4], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x, mask), x => F.scaled_dot_product_attention(x[0], x[1], x[2], mask), qkv);
    }

    [Fact]
    public void ScaledDotProduct_Causal_IsTheLowerTriangle()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var mask = ones(66, 66).tril().to(ScalarType.Bool);
        Tensor[] qkv = [randn([2, 2, 66, 8], requires_grad: true), randn([2, 2, 66, 8], requires_grad: true), randn([2, 2, 66, 8], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x, mask), x => F.scaled_dot_product_attention(x[0], x[1], x[2], is_casual: true), qkv);
    }

    [Fact]
    public void ScaledDotProduct_RealMask_IsAddedToTheScores()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var bias = randn([1, 2, 5, 6], requires_grad: true);
        Tensor[] inputs = [randn([2, 2, 5, 4], requires_grad: true), randn([2, 2, 6, 4], requires_grad: true), randn([2, 2, 6, 4], requires_grad: true), bias];
        Numeric.SameFunction(
            x => (x[0].matmul(x[1].transpose(-2, -1)) / 2.0 + x[3]).softmax(-1).matmul(x[2]),
            x => F.scaled_dot_product_attention(x[0], x[1], x[2], x[3]),
            inputs);
    }

    [Fact]
    public void ScaledDotProduct_ViewsOfOneProjection_NeedNoCopies()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        Tensor[] Split(Tensor x) => x.view(2, 7, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor[] packed = [randn([2, 7, 24], requires_grad: true)];
        Numeric.SameFunction(
            x => Equation(Split(x[0]), null).transpose(1, 2).reshape(2, 7, 8),
            x =>
            {
                var qkv = Split(x[0]);
                return F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape(2, 7, 8);
            },
            packed);
    }

    [Fact]
    public void ScaledDotProduct_Double_AgreesWithTheEquation()
    {
        using var scope = NewDisposeScope();
        Tensor[] qkv = [.. Enumerable.Range(0, 3).Select(_ => randn([2, 2, 5, 4], ScalarType.Float64, requires_grad: true))];
        Numeric.Close(Equation(qkv, null), F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]), 1e-10);
    }

    [Fact]
    public void ScaledDotProduct_ThreeDimensions_AgreesWithTheEquation()
    {
        using var scope = NewDisposeScope();
        Tensor[] qkv = [randn([2, 5, 4], requires_grad: true), randn([2, 6, 4], requires_grad: true), randn([2, 6, 3], requires_grad: true)];
        Numeric.SameFunction(x => Equation(x, null), x => F.scaled_dot_product_attention(x[0], x[1], x[2]), qkv);
    }

    [Fact]
    public void ScaledDotProduct_RowWithNothingToSee_IsZero()
    {
        Assert.SkipUnless(Numeric.IsOurs, "the package leaves such rows undefined");
        using var scope = NewDisposeScope();
        var mask = zeros([1, 1, 3, 4], ScalarType.Bool);
        mask[0, 0, 1] = tensor(true);
        Tensor[] qkv = [randn([1, 1, 3, 4], requires_grad: true), randn([1, 1, 4, 4], requires_grad: true), randn([1, 1, 4, 4], requires_grad: true)];
        var result = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], mask);
        var grads = autograd.grad([result.sum()], qkv);
        Assert.Equal(new float[4], result[0, 0, 0].Floats());
        Assert.NotEqual(new float[4], result[0, 0, 1].Floats());
        Assert.All(grads, g => Assert.True(g.isfinite().all().item<bool>()));
        Assert.Equal(new float[4], grads[0][0, 0, 2].Floats());
    }

    [Fact]
    public void ScaledDotProduct_Dropout_KeepsTheMeanAndItsOwnGradient()
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        var q = zeros([4, 8, 64, 8]);
        var k = zeros([4, 8, 64, 8]);
        var v = ones([4, 8, 64, 8], requires_grad: true);
        var result = F.scaled_dot_product_attention(q, k, v, p: 0.25);
        var grad = autograd.grad([result.sum()], [v])[0];

        // Equal weights of 1/64: a row is (kept / 64) / (1 - p), its gradient the same seen from the other side.
        Assert.Equal(1.0, result.mean().item<float>(), 0.02);
        Assert.True(result.std().item<float>() > 0.01);
        Assert.Equal(result.sum().item<float>(), grad.sum().item<float>(), 1.0);
        Assert.True(grad.std().item<float>() > 0.01);
    }

    [Fact]
    public void ScaledDotProduct_DropoutSameSeed_SameResult()
    {
        using var scope = NewDisposeScope();
        var q = randn([2, 2, 9, 8]);
        Tensor Run(long seed)
        {
            manual_seed(seed);
            return F.scaled_dot_product_attention(q, q, q, p: 0.5);
        }
        Assert.Equal(Run(7).Floats(), Run(7).Floats());
        Assert.NotEqual(Run(7).Floats(), Run(8).Floats());
    }

    [Fact]
    public void ScaledDotProduct_DropoutBackward_MatchesFiniteDifferencesUnderTheSameSeed()
    {
        using var scope = NewDisposeScope();
        manual_seed(9);
        var k = randn([1, 2, 5, 4]);
        var v = randn([1, 2, 5, 3]);
        var weights = randn([1, 2, 4, 3]);
        Tensor Loss(Tensor q)
        {
            manual_seed(10);
            return (F.scaled_dot_product_attention(q, k, v, p: 0.3) * weights).sum();
        }
        var at = randn([1, 2, 4, 4], requires_grad: true);
        Numeric.Close(Numeric.Difference(Loss, at), autograd.grad([Loss(at)], [at])[0], 5e-3);
    }

    private static Tensor Equation(Tensor[] x, Tensor? mask)
    {
        var scores = x[0].matmul(x[1].transpose(-2, -1)) / Math.Sqrt(x[0].shape[^1]);
        if (mask is not null) scores = scores.masked_fill(mask.logical_not(), float.NegativeInfinity);
        return scores.softmax(-1).matmul(x[2]);
    }
}
