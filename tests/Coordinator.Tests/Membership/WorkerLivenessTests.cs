using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Membership;

namespace TrainingCluster.Coordinator.Tests.Membership;

public class WorkerLivenessTests
{
    private static readonly CoordinatorSettings s_settings = new() { Incarnation = "one", GrpcAddress = "http://coordinator" };

    [Theory]
    [InlineData(0, false, null)]
    [InlineData(0, true, null)]
    [InlineData(2999, true, null)]
    [InlineData(3000, true, "it is unreachable")]
    [InlineData(3000, false, null)]
    [InlineData(9999, false, null)]
    [InlineData(10000, false, "it has not registered in time")]
    [InlineData(10000, true, "it has not registered in time")]
    public void WhyLost_SilentForSoLong_TakesAnAccusationOnlyFromThoseWhoAreSilentToo(int silentMs, bool accused, string? why)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(why, new WorkerLiveness(s_settings).WhyLost(now, now - TimeSpan.FromMilliseconds(silentMs), accused));
    }

    [Fact]
    public void WhyLost_NobodyIsHeard_TakesTheCoordinatorForCutOffUntilTheyHadTimeToRegister()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var silent = now - s_settings.AccusedTimeout;
        var liveness = new WorkerLiveness(s_settings);

        // One is heard: the other is lost.
        Assert.False(liveness.Look(now, [silent, now]));
        Assert.Equal("it is unreachable", liveness.WhyLost(now, silent, accused: true));

        // Nobody is heard: nobody is lost.
        Assert.True(liveness.Look(now, [silent, silent]));
        Assert.Null(liveness.WhyLost(now, silent, accused: true));
        Assert.Equal("it has not registered in time", liveness.WhyLost(now, now - s_settings.RegistrationTimeout, accused: true));

        // One is back: the other has as much time.
        var back = now + TimeSpan.FromSeconds(1);
        Assert.False(liveness.Look(back, [silent, back]));
        Assert.True(liveness.IsCutOff);
        Assert.Null(liveness.WhyLost(back, silent, accused: true));
        var later = now + s_settings.AccusedTimeout;
        Assert.False(liveness.Look(later, [silent, later]));
        Assert.Equal("it is unreachable", liveness.WhyLost(later, silent, accused: true));
    }

    [Fact]
    public void Look_WithoutWorkers_IsNotCutOff() =>
        Assert.False(new WorkerLiveness(s_settings).Look(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), []));
}
