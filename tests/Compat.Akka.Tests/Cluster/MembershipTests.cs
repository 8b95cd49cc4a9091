using Akka.Actor;
using Akka.Cluster;
using TrainingCluster.Compat.Akka.Tests.Node;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Compat.Akka.Tests.Cluster;

public sealed class MembershipTests
{
    [Fact]
    public async Task Join_ThroughTheSeed_AllAreUpWithTheirRoles()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.AddNode();
        var second = await cluster.AddNode();
        var state = cluster.Cluster.State;
        Assert.Equal(3, state.Members.Count);
        Assert.All(state.Members, m => Assert.Equal(MemberStatus.Up, m.Status));
        Assert.True(state.Members.Single(m => m.Address == first.Address).HasRole("worker"));
        Assert.True(cluster.Cluster.SelfMember.HasRole("probe"));
        Assert.NotEqual(first.Address, second.Address);
        Assert.NotEqual(0, cluster.Cluster.SelfAddress.Port);
    }

    [Fact]
    public async Task Kill_Member_IsUnreachableThenDownedAndRemoved()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode();
        await node.Kill();
        // On a slow machine it may have been lost for a moment before.
        await cluster.Events.Fish<ClusterEvent.UnreachableMember>(_ => cluster.Cluster.State.Unreachable.Any(m => m.Address == node.Address));
        cluster.Cluster.Down(node.Address);
        await cluster.Events.Fish<ClusterEvent.MemberDowned>(e => e.Member.Address == node.Address);
        var removed = await cluster.Events.Fish<ClusterEvent.MemberRemoved>(e => e.Member.Address == node.Address);
        Assert.Equal(MemberStatus.Down, removed.PreviousStatus);
        Assert.Single(cluster.Cluster.State.Members);
    }

    [Fact]
    public async Task CoordinatedShutdown_OfMember_LeavesThroughAllStatesAndItsProcessEnds()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode();
        await node.Tell("leave");
        await cluster.Events.Fish<ClusterEvent.MemberLeft>(e => e.Member.Address == node.Address);
        await cluster.Events.Fish<ClusterEvent.MemberExited>(e => e.Member.Address == node.Address);
        var removed = await cluster.Events.Fish<ClusterEvent.MemberRemoved>(e => e.Member.Address == node.Address);
        Assert.Equal(MemberStatus.Exiting, removed.PreviousStatus);
        Assert.Equal(0, await node.Exit());
    }

    [Fact]
    public async Task Terminate_LastMember_EndsAndPublishesItsRemoval()
    {
        await using var cluster = new TestCluster();
        await cluster.Events.Fish<ClusterEvent.MemberUp>();
        var removed = new TaskCompletionSource();
        cluster.Cluster.RegisterOnMemberRemoved(removed.SetResult);
        await cluster.System.Terminate().WaitAsync(Probe.Patience);
        await removed.Task.WaitAsync(Probe.Patience);
        Assert.True(cluster.Cluster.IsTerminated);
    }

    [Fact]
    public async Task Stop_Process_IsUnreachableAndReachableAgainAfterwards()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode();
        await node.Signal("STOP");
        await cluster.Events.Fish<ClusterEvent.UnreachableMember>(e => e.Member.Address == node.Address);
        await node.Signal("CONT");
        await cluster.Events.Fish<ClusterEvent.ReachableMember>(e => e.Member.Address == node.Address && cluster.Cluster.State.Unreachable.IsEmpty);
    }

    [Fact]
    public async Task Down_LivingMember_ItsSystemEnds()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode();
        // A downed member that still lives hears of it and ends its system, so its process returns.
        cluster.Cluster.Down(node.Address);
        await cluster.Events.Fish<ClusterEvent.MemberRemoved>(e => e.Member.Address == node.Address);
        Assert.Equal(0, await node.Exit());
    }

    [Fact]
    public async Task Down_StoppedProcessThatGoesOnAfterItsRemoval_LearnsThatItIsQuarantined()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode();
        await node.Signal("STOP");
        await cluster.Events.Fish<ClusterEvent.UnreachableMember>(e => e.Member.Address == node.Address);
        cluster.Cluster.Down(node.Address);
        await cluster.Events.Fish<ClusterEvent.MemberRemoved>(e => e.Member.Address == node.Address);
        await node.Signal("CONT");
        Assert.Equal(0, await node.Exit());
    }

    [Fact]
    public async Task Kill_MemberThatRestartsOnItsPort_OldOneIsRemovedAndNewOneIsUp()
    {
        await using var cluster = new TestCluster();
        var node = await cluster.AddNode(FreePort.Next());
        await node.Kill();
        var reborn = await cluster.AddNode(node.Address.Port!.Value);
        Assert.Equal(node.Address, reborn.Address);
        Assert.Equal(2, cluster.Cluster.State.Members.Count);
    }

    [Fact]
    public async Task Kill_SeedThatRestartsWithTheOthersAsSeeds_JoinsTheClusterThatLivesOn()
    {
        var port = FreePort.Next();
        var address = new Address("akka.tcp", ClusterNode.SystemName, "127.0.0.1", port);
        await using var cluster = new TestCluster(address.ToString());
        var first = cluster.Adopt(await NodeProcess.Start(port, ClusterNode.Seed, address.ToString()));
        var before = await cluster.Events.Fish<ClusterEvent.MemberUp>(e => e.Member.Address == address);
        await first.Kill();
        // Itself first in the list: it looks for the others' cluster before it would start one.
        cluster.Adopt(await NodeProcess.Start(port, ClusterNode.Seed, address.ToString(), cluster.Cluster.SelfAddress.ToString()));
        await cluster.Events.Fish<ClusterEvent.MemberRemoved>(e => e.Member.UniqueAddress == before.Member.UniqueAddress);
        var after = await cluster.Events.Fish<ClusterEvent.MemberUp>(e => e.Member.Address == address);
        Assert.NotEqual(before.Member.UniqueAddress, after.Member.UniqueAddress);
        Assert.Equal(2, cluster.Cluster.State.Members.Count);
        Assert.False(cluster.System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task Kill_SeedAndMember_SeedIsBackOnceTheMemberIsDowned()
    {
        var port = FreePort.Next();
        var address = new Address("akka.tcp", ClusterNode.SystemName, "127.0.0.1", port);
        await using var cluster = new TestCluster(address.ToString());
        var first = cluster.Adopt(await NodeProcess.Start(port, ClusterNode.Seed, address.ToString()));
        await cluster.Events.Fish<ClusterEvent.MemberUp>(e => e.Member.Address == address);
        var member = await cluster.AddNode();
        await first.Kill();
        await member.Kill();
        cluster.Adopt(await NodeProcess.Start(port, ClusterNode.Seed, address.ToString(), cluster.Cluster.SelfAddress.ToString()));
        await cluster.Events.Fish<ClusterEvent.UnreachableMember>(e => e.Member.Address == member.Address);
        cluster.Cluster.Down(member.Address);
        await cluster.Events.Fish<ClusterEvent.MemberUp>(e => e.Member.Address == address);
        Assert.Equal(2, cluster.Cluster.State.Members.Count);
    }

    [Fact]
    public async Task SplitBrainResolver_MinorityIsKilled_MajorityDownsIt()
    {
        await using var cluster = new TestCluster(ClusterNode.Resolving, []);
        await cluster.AddNode(role: ClusterNode.Resolving);
        var lost = await cluster.AddNode(role: ClusterNode.Resolving);
        await lost.Kill();
        var removed = await cluster.Events.Fish<ClusterEvent.MemberRemoved>();
        Assert.Equal(lost.Address, removed.Member.Address);
        Assert.Equal(MemberStatus.Down, removed.PreviousStatus);
        Assert.Equal(2, cluster.Cluster.State.Members.Count);
    }

    [Fact]
    public void Create_PortInUse_Throws()
    {
        using var first = ActorSystem.Create("first", ClusterNode.Settings(0, "probe"));
        var port = global::Akka.Cluster.Cluster.Get(first).SelfAddress.Port!.Value;
        Assert.ThrowsAny<Exception>(() => ActorSystem.Create("second", ClusterNode.Settings(port, "probe")));
    }
}
