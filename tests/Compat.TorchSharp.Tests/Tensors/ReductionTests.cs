using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Tensors;

public class ReductionTests
{
    [Fact]
    public void Sums_AllOrSomeDimensions_Add()
    {
        using var scope = NewDisposeScope();
        var x = arange(6, ScalarType.Float32).view(2, 3);
        Assert.Equal(15f, x.sum().item<float>());
        Assert.Equal([3f, 12], x.sum(1).Floats());
        Assert.Equal([1L, 3], x.sum(0, keepdim: true).shape);
        Assert.Equal([15f], x.sum([0, 1]).Floats());
        Assert.Equal(2.5f, x.mean().item<float>());
        Assert.Equal([1.5f, 2.5f, 3.5f], x.mean([0]).Floats());
        Assert.Equal(2L, (x > 3).sum().item<long>());
        Assert.Equal([0f, 1, 3, 3, 7, 12], x.cumsum(1).Floats());
        Assert.Equal(0f, x.prod().item<float>());
        Assert.Equal(MathF.Sqrt(55), x.norm().item<float>(), 1e-5);
        Assert.Equal(15f, x.norm(1f).item<float>());
        Assert.Equal(3.5f, x.var().item<float>(), 1e-5);
    }

    [Fact]
    public void Extremes_ValuesAndPlaces_AreFound()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 3, 1, 2 }, { 4, 6, 5 } });
        Assert.Equal(6f, x.max().item<float>());
        Assert.Equal(1f, x.min().item<float>());
        var (values, indexes) = x.max(1);
        Assert.Equal([3f, 6], values.Floats());
        Assert.Equal([0L, 1], indexes.Longs());
        Assert.Equal([1L, 0], x.min(1).indexes.Longs());
        Assert.Equal([0L, 1], x.argmax(-1).Longs());
        Assert.Equal(4L, x.argmax().item<long>());
        Assert.Equal([4f, 6, 5], x.amax([0]).Floats());
        var (top, at) = x.topk(2);
        Assert.Equal([3f, 2, 6, 5], top.Floats());
        Assert.Equal([0L, 2, 1, 2], at.Longs());
        Assert.Equal([1f, 2, 3, 4, 5, 6], x.sort().Values.Floats());
        Assert.Equal([0L, 2, 1, 1, 2, 0], x.argsort(1, descending: true).Longs());
        Assert.Equal([3f, 4, 4, 4, 6, 6], maximum(x, tensor(new float[,] { { 0, 4, 4 }, { 0, 0, 6 } })).Floats());
    }

    [Fact]
    public void Quantifiers_Booleans_Decide()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[,] { { true, false }, { true, true } });
        Assert.True(x.any().item<bool>());
        Assert.False(x.all().item<bool>());
        Assert.Equal([false, true], x.all(1).Bools());
        Assert.Equal([true, true], x.any(-1).Bools());
    }

    [Fact]
    public void Softmax_Rows_SumToOne()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 5);
        Numeric.Close(ones(3), x.softmax(-1).sum(-1));
        Numeric.Close(x.softmax(1).log(), x.log_softmax(1));
        Numeric.Close(x.exp().sum(1).log(), x.logsumexp(1));
    }
}
