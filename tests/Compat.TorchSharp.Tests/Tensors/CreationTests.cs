using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Tensors;

public class CreationTests
{
    [Fact]
    public void Factories_Shapes_HaveTheirValues()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([2L, 3], zeros(2, 3).shape);
        Assert.Equal(new float[6], zeros([2, 3]).Floats());
        Assert.Equal([1f, 1f], ones(2).Floats());
        Assert.Equal([7L, 7L], full([2], 7L, ScalarType.Int64).Longs());
        Assert.Equal([1f, 0, 0, 1], eye(2).Floats());
        Assert.Equal([0f, 0.5f, 1f], linspace(0, 1, 3).Floats());
        Assert.Equal(ScalarType.Float32, empty(1).dtype);
        Assert.Equal(ScalarType.Bool, zeros([1], ScalarType.Bool).dtype);
    }

    [Fact]
    public void Arange_WholeAndRealNumbers_HaveTheirTypes()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0L, 1, 2], arange(3).Longs());
        Assert.Equal(ScalarType.Int64, arange(3).dtype);
        Assert.Equal([1f, 1.5f], arange(1.0, 2.0, 0.5).Floats());
        Assert.Equal(ScalarType.Float32, arange(1.0, 2.0, 0.5).dtype);
        Assert.Equal([4f, 2f], arange(4, 0, -2, ScalarType.Float32).Floats());
    }

    [Fact]
    public void Tensor_FromArrays_CopiesElementsAndShape()
    {
        using var scope = NewDisposeScope();
        float[] source = [1, 2, 3, 4];
        var copied = tensor(source);
        source[0] = 9;
        Assert.Equal([1f, 2, 3, 4], copied.Floats());
        Assert.Equal([2L, 2], tensor(source, [2, 2]).shape);
        Assert.Equal([2L, 3], tensor(new long[,] { { 1, 2, 3 }, { 4, 5, 6 } }).shape);
        Assert.Equal([1L, 2, 3, 4, 5, 6], tensor(new long[,] { { 1, 2, 3 }, { 4, 5, 6 } }).Longs());
        Assert.Equal([true, false], tensor(new[] { true, false }).Bools());
        Assert.Equal(ScalarType.Int32, tensor(new[] { 1, 2 }).dtype);
        Assert.Equal(2.5f, tensor(2.5f).item<float>());
        Assert.Equal(0L, tensor(2.5f).dim());
        Assert.Equal([1L, 2], from_array(new[] { 1L, 2L }).Longs());
        Assert.True(tensor(source, requires_grad: true).requires_grad);
    }

    [Fact]
    public void Like_AnotherTensor_TakesItsShapeAndType()
    {
        using var scope = NewDisposeScope();
        var x = ones([2, 3], ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, zeros_like(x).dtype);
        Assert.Equal([2L, 3], ones_like(x).shape);
        Assert.Equal(5.0, full_like(x, 5).mean().item<double>());
        Assert.Equal(ScalarType.Int64, x.zeros_like(ScalarType.Int64).dtype);
        Assert.Equal(ScalarType.Float64, x.new_zeros([4]).dtype);
    }

    [Fact]
    public void Random_SameSeed_SameNumbers()
    {
        using var scope = NewDisposeScope();
        float[] Draw(long seed)
        {
            manual_seed(seed);
            return [.. rand(5).Floats(), .. randn(5).Floats(), .. randint(0, 1000, [5]).Floats(), .. randperm(5).Floats()];
        }
        Assert.Equal(Draw(3), Draw(3));
        Assert.NotEqual(Draw(3), Draw(4));
    }

    [Fact]
    public void Random_Distributions_HaveTheirMoments()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Assert.InRange(rand(100_000).mean().item<float>(), 0.49f, 0.51f);
        Assert.InRange(randn(100_000).std().item<float>(), 0.99f, 1.01f);
        var whole = randint(3, 6, [10_000]);
        Assert.Equal(3L, whole.min().item<long>());
        Assert.Equal(5L, whole.max().item<long>());
        Assert.Equal([0L, 1, 2, 3, 4], randperm(5).sort().Values.Longs());
    }

    [Fact]
    public void Generator_OwnState_LeavesTheDefaultAlone()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var expected = rand(3).Floats();
        manual_seed(1);
        using var own = new Generator(7);
        var first = rand([3], generator: own).Floats();
        Assert.Equal(expected, rand(3).Floats());
        own.manual_seed(7);
        Assert.Equal(first, rand([3], generator: own).Floats());
    }

    [Fact]
    public void RngState_SetBack_RepeatsTheNumbers()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        rand(3);
        var state = get_rng_state();
        var expected = rand(4).Floats();
        set_rng_state(state);
        Assert.Equal(expected, rand(4).Floats());
    }
}
