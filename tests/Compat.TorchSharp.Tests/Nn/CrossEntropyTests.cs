using System.Runtime.InteropServices;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Reduction = TorchSharp.torch.nn.Reduction;

namespace Compat.TorchSharp.Tests.Nn;

public class CrossEntropyTests
{
    [Theory]
    [InlineData(Reduction.Mean, 0.0)]
    [InlineData(Reduction.Mean, 0.1)]
    [InlineData(Reduction.Sum, 0.1)]
    [InlineData(Reduction.None, 0.3)]
    public void CrossEntropy_AnyReduction_AgreesWithTheEquation(Reduction reduction, double smoothing)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var target = tensor(new long[] { 3, 0, 7, 12, 7, 5 });
        Tensor[] inputs = [randn([6, 13], requires_grad: true)];
        Numeric.SameFunction(
            x => Equation(x[0], target, 7, reduction, smoothing),
            x => F.cross_entropy(x[0], target, ignore_index: 7, reduction: reduction, label_smoothing: smoothing),
            inputs);
    }

    [Fact]
    public void CrossEntropy_ManyClasses_AgreesWithTheEquation()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var target = randint(0, 6001, [50]);
        Tensor[] inputs = [(randn(50, 6001) * 5).requires_grad_()];
        Numeric.SameFunction(
            x => Equation(x[0], target, -100, Reduction.Sum, 0.1),
            x => F.cross_entropy(x[0], target, reduction: Reduction.Sum, label_smoothing: 0.1),
            inputs);
    }

    [Fact]
    public void CrossEntropy_LargeLogits_NeitherOverflowsNorVanishes()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[,] { { 1e4f, 0, -1e4f }, { -1e4f, -1e4f, -1e4f } });
        var loss = F.cross_entropy(logits, tensor(new long[] { 2, 1 }), reduction: Reduction.None);
        Numeric.Close(tensor(new float[] { 2e4f, MathF.Log(3) }), loss);
    }

    [Fact]
    public void CrossEntropy_AllIgnored_SumIsZeroAndGradientToo()
    {
        using var scope = NewDisposeScope();
        var logits = randn([3, 5], requires_grad: true);
        var loss = F.cross_entropy(logits, full([3], 0L, ScalarType.Int64), ignore_index: 0, reduction: Reduction.Sum);
        Assert.Equal(0f, loss.item<float>());
        Assert.Equal(new float[15], autograd.grad([loss], [logits])[0].Floats());
    }

    [Fact]
    public void CrossEntropy_ClassWeights_AgreeWithTheEquation()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var weight = tensor(new float[] { 1, 2, 0.5f });
        var target = tensor(new long[] { 0, 2, 1, 1 });
        var logits = randn(4, 3);
        var picked = weight.index_select(0, target);
        var expected = -(logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1) * picked).sum() / picked.sum();
        Numeric.Close(expected, F.cross_entropy(logits, target, weight));
    }

    [Fact]
    public void CrossEntropy_TargetOutOfRange_SaysWhich()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => F.cross_entropy(randn(2, 5), tensor(new long[] { 1, 5 })));
        Assert.Contains("Target 5 is out of bounds", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NllLoss_LogProbabilities_AgreesWithCrossEntropy()
    {
        using var scope = NewDisposeScope();
        var logits = randn(4, 6);
        var target = tensor(new long[] { 5, 0, 2, 2 });
        Numeric.Close(F.cross_entropy(logits, target), F.nll_loss(logits.log_softmax(1), target));
    }

    private static Tensor Equation(Tensor logits, Tensor target, long ignore, Reduction reduction, double smoothing)
    {
        var log = logits.to(ScalarType.Float64).log_softmax(1);
        var counted = target.ne(ignore);
        var safe = target.masked_fill(counted.logical_not(), 0L);
        var loss = log.gather(1, safe.unsqueeze(1)).squeeze(1) * -(1 - smoothing) - log.mean([1]) * smoothing;
        loss = loss.masked_fill(counted.logical_not(), 0.0);
        var reduced = reduction switch
        {
            Reduction.None => loss,
            Reduction.Sum => loss.sum(),
            _ => loss.sum() / counted.sum(),
        };
        return reduced.to(ScalarType.Float32);
    }
}
