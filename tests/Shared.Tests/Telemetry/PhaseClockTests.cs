using TrainingCluster.Telemetry;

namespace TrainingCluster.Tests.Telemetry;

public class PhaseClockTests
{
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(8);

    [Theory]
    [InlineData(TrainingPhase.Backward, 2, 19, false)]
    [InlineData(TrainingPhase.Backward, 2, 20, true)]
    [InlineData(TrainingPhase.Backward, 0.1, 7, false)]
    [InlineData(TrainingPhase.Backward, 0.1, 8, true)]
    [InlineData(TrainingPhase.Exchange, 0.1, 100, false)]
    public void Stuck_PhaseThatTakesLongerThanBefore_OnlyWhenItComputesAndTenTimesAsLong(
        TrainingPhase phase,
        double before,
        double now,
        bool stuck
    )
    {
        var time = new ManualTime();
        var clock = new PhaseClock(time);
        clock.Enter(phase);
        time.Pass(before);
        clock.Enter(TrainingPhase.Connect);
        clock.Enter(phase);
        time.Pass(now);

        Assert.Equal(stuck ? (phase, TimeSpan.FromSeconds(now)) : null, clock.Stuck(s_least));

        clock.Enter(null);
        Assert.Null(clock.Stuck(s_least));
    }

    [Fact]
    public void Stuck_FirstOfItsKind_IsNotJudged()
    {
        var time = new ManualTime();
        var clock = new PhaseClock(time);
        clock.Enter(TrainingPhase.Forward);
        time.Pass(1000);
        Assert.Null(clock.Stuck(s_least));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Pass(double seconds) => _ticks += TimeSpan.FromSeconds(seconds).Ticks;
    }
}
