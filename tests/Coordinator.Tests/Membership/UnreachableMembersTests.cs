using Akka.Actor;
using TrainingCluster.Coordinator.Membership;

namespace TrainingCluster.Coordinator.Tests.Membership;

public class UnreachableMembersTests
{
    private static readonly TimeSpan s_after = TimeSpan.FromSeconds(5);
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch;
    private readonly UnreachableMembers _members = new(Of(0));

    private static Address Of(int number) => new("akka.tcp", "training-cluster", "10.0.0.1", 1000 + number);

    private IReadOnlyList<Address> Due(int seconds, Address[] unreachable, params Address[] alive) =>
        _members.Due(unreachable, alive.ToHashSet(), s_after, s_start.AddSeconds(seconds));

    [Fact]
    public void Due_SilentForLongEnough_IsNamed()
    {
        Assert.Empty(Due(0, [Of(1)]));
        Assert.Empty(Due(4, [Of(1)]));
        Assert.Equal([Of(1)], Due(5, [Of(1)]));
    }

    [Fact]
    public void Due_BackForAMoment_TimeBeginsAnew()
    {
        Assert.Empty(Due(0, [Of(1)]));
        Assert.Empty(Due(3, []));
        Assert.Empty(Due(4, [Of(1)]));
        Assert.Empty(Due(8, [Of(1)]));
        Assert.Equal([Of(1)], Due(9, [Of(1)]));
    }

    // A worker that was cut off comes back, and says of everybody that it cannot reach them.
    [Fact]
    public void Due_AccusedByOneThatWasCutOff_NeitherTheCoordinatorNorThoseItHearsFromAreNamed()
    {
        Address[] accused = [Of(0), Of(1), Of(2), Of(3)];
        for (var seconds = 0; seconds < 60; seconds++)
        {
            // The third is silent for good.
            Assert.Equal(seconds < 5 ? [] : [Of(3)], Due(seconds, accused, Of(1), Of(2)));
        }
    }
}
