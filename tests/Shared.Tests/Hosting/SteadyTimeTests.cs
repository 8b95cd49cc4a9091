using TrainingCluster.Hosting;

namespace TrainingCluster.Tests.Hosting;

public sealed class SteadyTimeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void GetUtcNow_WallClockIsSet_GoesOnByTheMonotonicClock(int hours)
    {
        var clocks = new Clocks();
        var steady = new SteadyTime(clocks);
        var start = clocks.Wall;
        Assert.Equal(start, steady.GetUtcNow());

        clocks.Wall += TimeSpan.FromHours(hours);
        clocks.Passed += TimeSpan.FromSeconds(5);

        Assert.Equal(start + TimeSpan.FromSeconds(5), steady.GetUtcNow());
    }

    private sealed class Clocks : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch.AddYears(60);

        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => Passed.Ticks;
    }
}
