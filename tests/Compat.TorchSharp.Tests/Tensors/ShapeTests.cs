using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Tensors;

public class ShapeTests
{
    [Fact]
    public void Views_OfOneTensor_ShareItsMemory()
    {
        using var scope = NewDisposeScope();
        var x = arange(6, ScalarType.Float32);
        x.view(2, 3)[1, 1] = tensor(40f);
        Assert.Equal([0f, 1, 2, 3, 40, 5], x.Floats());
        Assert.Equal([3L, 2], x.view(2, 3).t().shape);
        Assert.Equal([0f, 3, 1, 40, 2, 5], x.view(2, 3).transpose(0, 1).contiguous().Floats());
        Assert.Equal([6L], x.view(2, 3).flatten().shape);
        Assert.Equal([1L, 6, 1], x.unsqueeze(0).unsqueeze(-1).shape);
        Assert.Equal([6L], x.view(1, 6, 1).squeeze().shape);
        Assert.Equal([4L, 3, 2], zeros(2, 3, 4).permute(2, 1, 0).shape);
        Assert.Equal([2L, 2, 3], zeros(2, 6).unflatten(1, 2, 3).shape);
        Assert.Equal([4L, 6], x.expand(4, 6).shape);
        Assert.Equal([3f, 40], x.narrow(0, 3, 2).Floats());
        Assert.Equal([1f, 3, 5], x.slice(0, 1, 6, 2).Floats());
    }

    [Fact]
    public void Copies_InOtherOrders_AreRight()
    {
        using var scope = NewDisposeScope();
        var x = arange(4, ScalarType.Float32);
        Assert.Equal([0f, 1, 2, 3, 0, 1, 2, 3], x.repeat(2).Floats());
        Assert.Equal([0f, 0, 1, 1, 2, 2, 3, 3], x.repeat_interleave(2).Floats());
        Assert.Equal([3f, 2, 1, 0], x.flip(0).Floats());
        Assert.Equal([3f, 0, 1, 2], x.roll(1).Floats());
        Assert.Equal([0f, 0, 2, 3], x.view(2, 2).tril().add(x.view(2, 2).triu(2)).Floats().Select((v, i) => i == 1 ? 0 : v));
        Assert.Equal([0f, 1, 0, 3], x.view(2, 2).triu().Floats());
    }

    [Fact]
    public void JoinsAndSplits_AreInverse()
    {
        using var scope = NewDisposeScope();
        var x = arange(12, ScalarType.Float32).view(2, 6);
        Assert.Equal(x.Floats(), cat(x.split(2, 1), 1).Floats());
        Assert.Equal(x.Floats(), cat(x.split([1L, 2, 3], 1), 1).Floats());
        Assert.Equal(x.Floats(), cat(x.chunk(3, 1), 1).Floats());
        Assert.Equal(x.Floats(), stack(x.unbind()).Floats());
        Assert.Equal([2L, 1, 6], stack([x[0], x[1]]).unsqueeze(1).shape);
        Assert.Equal(3, x.chunk(3, 1).Length);
    }

    [Fact]
    public void Indexing_NumbersRangesMasks_PickElements()
    {
        using var scope = NewDisposeScope();
        var x = arange(12, ScalarType.Float32).view(3, 4);
        Assert.Equal([4f, 5, 6, 7], x[1].Floats());
        Assert.Equal(6f, x[1, 2].item<float>());
        Assert.Equal([8f, 9, 10, 11], x[-1].Floats());
        Assert.Equal([1f, 5, 9], x[TensorIndex.Colon, TensorIndex.Single(1)].Floats());
        Assert.Equal([5f, 6, 9, 10], x[1.., 1..3].Floats());
        Assert.Equal([0f, 2], x[TensorIndex.Single(0), TensorIndex.Slice(0, null, 2)].Floats());
        Assert.Equal([3f, 7, 11], x[TensorIndex.Ellipsis, TensorIndex.Single(-1)].Floats());
        Assert.Equal([3L, 1, 4], x[TensorIndex.Colon, TensorIndex.None].shape);
        Assert.Equal([0f, 5, 10], x[arange(3), arange(3)].Floats());
        Assert.Equal([10f, 11], x[x > 9].Floats());
        x[0] = tensor(9f);
        x[x > 9] = tensor(-1f);
        Assert.Equal([9f, 9, 9, 9, 4, 5, 6, 7, 8, 9, -1, -1], x.Floats());
    }

    [Fact]
    public void GatherAndScatter_AreOpposite()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        var index = tensor(new long[,] { { 2 }, { 0 } });
        Assert.Equal([3f, 4], x.gather(1, index).Floats());
        Assert.Equal([0f, 0, 9, 9, 0, 0], zeros(2, 3).scatter(1, index, full([2, 1], 9f)).Floats());
        Assert.Equal([4f, 5, 6, 1, 2, 3], x.index_select(0, tensor(new long[] { 1, 0 })).Floats());
        Assert.Equal([5f, 7, 9], zeros(1, 3).index_add_(0, tensor(new long[] { 0, 0 }), x, 1).Floats());
        Assert.Equal([2f, 4, 6], x.masked_select(x % 2 == 0).Floats());
        Assert.Equal([1f, -1, 3, -1, 5, -1], x.masked_fill(x % 2 == 0, -1).Floats());
        Assert.Equal([1f, 0, 3, 0, 5, 0], where(x % 2 == 0, zeros_like(x), x).Floats());
        Assert.Equal([1L, 3, 5], (x % 2 == 0).view(-1).nonzero().view(-1).Longs());
    }
}
