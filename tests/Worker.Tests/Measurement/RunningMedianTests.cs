using TrainingCluster.Worker.Measurement;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Tests.Measurement;

public sealed class RunningMedianTests
{
    [Theory]
    [InlineData(new double[] { 1, 2 }, 0)]
    [InlineData(new double[] { 1, 2, 9 }, 2)]
    [InlineData(new double[] { 4, 1, 2, 9 }, 3)]
    [InlineData(new double[] { 9, 9, 9, 1, 2, 3, 4 }, 2.5)]
    public void Value_LastFourOfAtLeastThree_IsTheirMiddle(double[] values, double expected)
    {
        var median = new RunningMedian(4, 3);
        foreach (var value in values)
        {
            median.Add(value);
        }
        Assert.Equal(expected, median.Value);
    }

    [Fact]
    public void ShardsPerSecond_OneStepInWhichTheProcessWasStopped_DoesNotCount()
    {
        var meter = new SpeedMeter();
        for (var step = 0; step < SpeedMeter.FewestSteps - 1; step++)
        {
            meter.Add(4, TimeSpan.FromSeconds(2));
        }
        Assert.Equal(0, meter.ShardsPerSecond);
        meter.Add(4, TimeSpan.FromMinutes(1));
        Assert.Equal(2, meter.ShardsPerSecond);
    }

    [Fact]
    public void ShardsPerSecond_LastingChange_IsFollowedAfterHalfTheSteps()
    {
        var meter = new SpeedMeter();
        for (var step = 0; step < 20; step++)
        {
            meter.Add(4, TimeSpan.FromSeconds(1));
        }
        for (var step = 0; step < (SpeedMeter.Steps / 2) + 1; step++)
        {
            Assert.Equal(4, meter.ShardsPerSecond);
            meter.Add(2, TimeSpan.FromSeconds(2));
        }

        Assert.Equal(1, meter.ShardsPerSecond);
    }

    [Fact]
    public void Add_NothingComputed_IsPassedOver()
    {
        var meter = new SpeedMeter();
        for (var step = 0; step < 20; step++)
        {
            meter.Add(0, TimeSpan.FromSeconds(1));
        }
        Assert.Equal(0, meter.ShardsPerSecond);
    }
}
