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
        Assert.Equal(why, WorkerLiveness.WhyLost(now, now - TimeSpan.FromMilliseconds(silentMs), accused, s_settings));
    }
}
