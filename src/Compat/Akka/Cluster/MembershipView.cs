using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>What follows from a gossip for one node: who leads, and whether all agree.</summary>
internal sealed class MembershipView
{
    private readonly UniqueAddress _self;

    internal MembershipView(Gossip gossip, UniqueAddress self)
    {
        _self = self;
        Gossip = gossip;
        Members = [.. gossip.Members.Values];
        Unreachable = gossip.Reachability.Unreachable.Remove(self);
        Leader = LeaderOf(Members);
    }

    internal Gossip Gossip { get; }

    internal ImmutableSortedSet<Member> Members { get; }

    /// <summary>Members that someone, though not this node itself, is cannot reach.</summary>
    internal ImmutableSortedSet<UniqueAddress> Unreachable { get; }

    internal UniqueAddress Leader { get; }

    /// <summary>The first member by address that is up or leaving; where there is none, the one that is nearest to it.</summary>
    internal UniqueAddress LeaderOf(IEnumerable<Member> members)
    {
        Member[] candidates = [.. members.Where(m => m.Status != MemberStatus.Down && (m.UniqueAddress == _self || !Unreachable.Contains(m.UniqueAddress))).Order()];
        return (candidates.FirstOrDefault(m => m.Status is MemberStatus.Up or MemberStatus.Leaving) ?? candidates.MinBy(Rank))?.UniqueAddress;
    }

    private static int Rank(Member member) => member.Status switch
    {
        MemberStatus.WeaklyUp => 0,
        MemberStatus.Joining => 1,
        _ => 2,
    };

    /// <summary>
    /// Everyone who is up or leaving has seen this state, and whoever cannot be reached is down or on its way out:
    /// only then may the leader move members on.
    /// </summary>
    internal bool HasConverged(ImmutableHashSet<UniqueAddress> exitingConfirmed)
    {
        var lost = Gossip.Reachability.UnreachableTo(o => Gossip.Find(o)?.Status != MemberStatus.Down);
        return lost.Where(n => n != _self && !exitingConfirmed.Contains(n)).All(n => Gossip.Find(n)?.Status is MemberStatus.Down or MemberStatus.Exiting)
            && Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Leaving).All(m => Gossip.Seen.Contains(m.UniqueAddress) || exitingConfirmed.Contains(m.UniqueAddress));
    }

    internal ClusterEvent.CurrentClusterState ToState() => new(
        Members,
        [.. Unreachable.Select(Gossip.Find)],
        [.. Gossip.Seen.Select(n => n.Address)],
        Leader?.Address,
        Members.SelectMany(m => m.Roles).Distinct().ToImmutableDictionary(r => r, r => LeaderOf(Members.Where(m => m.HasRole(r)))?.Address));

    /// <summary>The events that lead from one view to the next.</summary>
    internal static IEnumerable<ClusterEvent.IClusterDomainEvent> Changes(MembershipView before, MembershipView after)
    {
        foreach (var member in after.Members)
        {
            var old = before.Gossip.Find(member.UniqueAddress);
            if (old is null || old.Status != member.Status) yield return Event(member);
        }
        foreach (var member in before.Members)
            if (!after.Gossip.Has(member.UniqueAddress)) yield return new ClusterEvent.MemberRemoved(member.With(MemberStatus.Removed), member.Status);
        foreach (var node in after.Unreachable.Except(before.Unreachable)) yield return new ClusterEvent.UnreachableMember(after.Gossip.Find(node));
        foreach (var node in before.Unreachable.Except(after.Unreachable))
            if (after.Gossip.Find(node) is { } member) yield return new ClusterEvent.ReachableMember(member);
        if (before.Leader != after.Leader) yield return new ClusterEvent.LeaderChanged(after.Leader?.Address);
    }

    private static ClusterEvent.IMemberEvent Event(Member member) => member.Status switch
    {
        MemberStatus.Joining => new ClusterEvent.MemberJoined(member),
        MemberStatus.WeaklyUp => new ClusterEvent.MemberWeaklyUp(member),
        MemberStatus.Up => new ClusterEvent.MemberUp(member),
        MemberStatus.Leaving => new ClusterEvent.MemberLeft(member),
        MemberStatus.Exiting => new ClusterEvent.MemberExited(member),
        _ => new ClusterEvent.MemberDowned(member),
    };
}
