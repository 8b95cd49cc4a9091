using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public sealed class CounterDropoutTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Apply_Ones_DropsTheShareAndKeepsTheMean(double probability)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var y = CounterDropout.Apply(ones(1 << 20), probability, training: true).data<float>().ToArray();
        // Seven standard deviations of a binomial share.
        var tolerance = 7 * Math.Sqrt(probability * (1 - probability) / y.Length);
        Assert.InRange(y.Count(value => value == 0) / (double)y.Length, probability - tolerance, probability + tolerance);
        Assert.InRange(y.Average(value => (double)value), 1 - tolerance / (1 - probability), 1 + tolerance / (1 - probability));
        Assert.Equal(2, y.Distinct().Count());
        Assert.Equal(1 / (1 - probability), y.Max(), 1e-3 / (1 - probability));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    public void Backward_AnyLength_DropsTheSameElements(long length)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var x = ones(length).requires_grad_();
        var y = CounterDropout.Apply(x, 0.4, training: true);
        y.sum().backward();
        Assert.Equal(y.data<float>().ToArray(), x.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Apply_SameSeed_GivesTheSameMaskAndAnotherCallAnother()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var first = CounterDropout.Apply(ones(500), 0.5, training: true).data<float>().ToArray();
        var second = CounterDropout.Apply(ones(500), 0.5, training: true).data<float>().ToArray();
        manual_seed(3);
        var again = CounterDropout.Apply(ones(500), 0.5, training: true).data<float>().ToArray();
        Assert.Equal(first, again);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Apply_TransposedInput_MasksByPosition()
    {
        using var scope = NewDisposeScope();
        var x = arange(1, 601, ScalarType.Float32).view(20, 30);
        manual_seed(4);
        var straight = CounterDropout.Apply(x.t().contiguous(), 0.5, training: true).data<float>().ToArray();
        manual_seed(4);
        Assert.Equal(straight, CounterDropout.Apply(x.t(), 0.5, training: true).data<float>().ToArray());
    }

    [Fact]
    public void Apply_DroppedInfinity_IsZero()
    {
        using var scope = NewDisposeScope();
        var y = CounterDropout.Apply(full([1000], float.PositiveInfinity), 0.5, training: true).data<float>().ToArray();
        Assert.Contains(0f, y);
        Assert.All(y, value => Assert.True(value == 0 || float.IsPositiveInfinity(value)));
    }

    [Fact]
    public void Apply_NotTraining_ReturnsTheInput()
    {
        using var x = ones(5);
        Assert.Same(x, CounterDropout.Apply(x, 0.5, training: false));
        Assert.Same(x, CounterDropout.Apply(x, 0, training: true));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Apply_ProbabilityOutsideItsRange_Throws(double probability)
    {
        using var x = ones(5);
        Assert.Throws<ArgumentOutOfRangeException>(() => CounterDropout.Apply(x, probability, training: true));
    }
}
