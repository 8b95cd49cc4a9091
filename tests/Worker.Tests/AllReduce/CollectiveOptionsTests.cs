using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class CollectiveOptionsTests
{
    private static readonly CollectiveOptions s_options = new() { Timeout = TimeSpan.FromSeconds(16) };

    [Theory]
    [InlineData(0, 0, 16)]
    [InlineData(0, 1, 20)]
    [InlineData(0.05, 0.05, 1)]
    [InlineData(0.125, 0.1, 1)]
    [InlineData(0.25, 0.1, 2)]
    [InlineData(1, 0.5, 8)]
    [InlineData(1, 3, 24)]
    public void Silence_MeasuredStepAndOwnPart_GiveTheLimit(double step, double ownPart, double limit) =>
        Assert.Equal(TimeSpan.FromSeconds(limit), s_options.Silence(TimeSpan.FromSeconds(step), TimeSpan.FromSeconds(ownPart)));
}
