using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Compat.TorchSharp.Tests.Nn;

public class DropoutTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Dropout_Training_DropsTheShareAndScalesTheRest(double p)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var result = F.dropout(ones(1000, 1001), p);
        var kept = (result != 0).to(ScalarType.Float32);
        Assert.Equal(1 - p, kept.mean().item<float>(), 0.003);
        Assert.Equal(1 / (1 - p), result.max().item<float>(), 1e-4);

        // No row or column is favoured: their shares scatter as coin throws do.
        var deviation = Math.Sqrt(p * (1 - p) / 1000);
        Assert.InRange(kept.mean([0]).std().item<float>(), 0.85 * deviation, 1.15 * deviation);
        Assert.InRange(kept.mean([1]).std().item<float>(), 0.85 * deviation, 1.15 * deviation);
    }

    [Fact]
    public void Dropout_Neighbours_AreIndependent()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var kept = (F.dropout(ones(1 << 20), 0.5) != 0).to(ScalarType.Float32) - 0.5;
        foreach (var lag in new[] { 1, 2, 7, 8, 9, 16, 256, 4096 })
        {
            var product = kept.narrow(0, 0, kept.shape[0] - lag) * kept.narrow(0, lag, kept.shape[0] - lag);
            Assert.InRange(product.mean().item<float>(), -0.002f, 0.002f);
        }
    }

    [Fact]
    public void Dropout_Backward_DropsTheSameElements()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var x = ones([37, 11], requires_grad: true);
        var y = F.dropout(x, 0.3);
        var grad = autograd.grad([y], [x], [ones_like(y)])[0];
        Assert.Equal(y.Floats(), grad.Floats());
    }

    [Fact]
    public void Dropout_Seed_DecidesEveryCall()
    {
        using var scope = NewDisposeScope();
        var x = ones(1000);
        manual_seed(4);
        var first = F.dropout(x, 0.5).Floats();
        var second = F.dropout(x, 0.5).Floats();
        manual_seed(4);
        Assert.Equal(first, F.dropout(x, 0.5).Floats());
        Assert.Equal(second, F.dropout(x, 0.5).Floats());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Dropout_NotTrainingOrZero_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 5);
        Assert.Equal(x.Floats(), F.dropout(x, 0.5, training: false).Floats());
        Assert.Equal(x.Floats(), F.dropout(x, 0.0).Floats());
        var layer = nn.Dropout(0.9);
        layer.eval();
        Assert.Equal(x.Floats(), layer.call(x).Floats());
    }

    [Fact]
    public void Dropout_One_DropsAll()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(new float[6], F.dropout(ones(6), 1.0).Floats());
    }

    [Fact]
    public void Dropout_StridedInput_KeepsElementsInPlace()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var x = arange(1, 101, ScalarType.Float32).view(10, 10).t();
        var y = F.dropout(x, 0.5);
        var kept = y != 0;
        Numeric.Close(x.masked_select(kept) * 2, y.masked_select(kept));
    }
}
