using TrainingCluster.Coordinator.Kubernetes.Decisions;

namespace TrainingCluster.Kubernetes.Tests.Decisions;

public sealed class LeaseTermTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Decide_OfEachLease_SaysWhoLeads()
    {
        Assert.Equal(LeaseAction.Create, Decide(null));
        Assert.Equal(LeaseAction.Take, Decide(Seen("", 0)));
        Assert.Equal(LeaseAction.Renew, Decide(Seen("me", 100)));
        Assert.Equal(LeaseAction.Wait, Decide(Seen("other", 15)));
        Assert.Equal(LeaseAction.Take, Decide(Seen("other", 15.001)));
    }

    [Fact]
    public void Leaders_OfAnyMoment_AreNeverTwo()
    {
        // The last renewal was begun at 0 and seen by the other at 0 or later: it takes over after 15 s at the earliest.
        for (var seconds = 0.0; seconds < 30; seconds += 0.5)
        {
            var leads = !LeaseTerm.IsOver(s_now, TimeSpan.FromSeconds(10), s_now.AddSeconds(seconds));
            var taken = LeaseTerm.Decide(Seen("me", 0), "other", s_now.AddSeconds(seconds)).Action == LeaseAction.Take;
            Assert.False(leads && taken, $"{seconds} s");
        }
    }

    private static LeaseAction Decide(LeaseSeen? lease) => LeaseTerm.Decide(lease, "me", s_now).Action;

    private static LeaseSeen Seen(string holder, double secondsAgo) =>
        new(holder, 0, TimeSpan.FromSeconds(15), "1", s_now.AddSeconds(-secondsAgo));
}
