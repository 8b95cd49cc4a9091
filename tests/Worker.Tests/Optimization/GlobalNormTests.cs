using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.Tests.Optimization;

public sealed class GlobalNormTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(GlobalNorm.BlockFloats)]
    [InlineData((2 * GlobalNorm.BlockFloats) + 13)]
    public void SumOfSquares_AnyLength_AddsEveryElement(int length)
    {
        var values = Enumerable.Range(0, length).Select(i => (i % 7) - 3f).ToArray();
        Assert.Equal(values.Sum(value => (double)value * value), GlobalNorm.SumOfSquares(values), 1e-6);
    }

    [Theory]
    [InlineData(float.NaN, 3)]
    [InlineData(float.PositiveInfinity, 0)]
    [InlineData(float.NegativeInfinity, 999)]
    public void SumOfSquares_NonFiniteElement_IsNotFinite(float value, int index)
    {
        var values = new float[1000];
        values[index] = value;
        Assert.False(double.IsFinite(GlobalNorm.SumOfSquares(values)));
    }

    [Fact]
    public void SumOfSquares_LargestFloats_IsFinite() =>
        Assert.True(double.IsFinite(GlobalNorm.SumOfSquares([.. Enumerable.Repeat(float.MaxValue, 1000)])));
}
