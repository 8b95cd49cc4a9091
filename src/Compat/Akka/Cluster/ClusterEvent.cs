using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>What happens in a cluster, as subscribers learn it.</summary>
public class ClusterEvent
{
    public static readonly SubscriptionInitialStateMode InitialStateAsSnapshot = SubscriptionInitialStateMode.InitialStateAsSnapshot;
    public static readonly SubscriptionInitialStateMode InitialStateAsEvents = SubscriptionInitialStateMode.InitialStateAsEvents;

    /// <summary>What a new subscriber gets first.</summary>
    public enum SubscriptionInitialStateMode
    {
        /// <summary>One <see cref="CurrentClusterState"/>.</summary>
        InitialStateAsSnapshot,

        /// <summary>The events that would have led to the present state.</summary>
        InitialStateAsEvents,
    }

    /// <summary>Any event of a cluster.</summary>
    public interface IClusterDomainEvent : IDeadLetterSuppression { }

    /// <summary>A member changed its status.</summary>
    public interface IMemberEvent : IClusterDomainEvent
    {
        Member Member { get; }
    }

    /// <summary>A member was lost or found.</summary>
    public interface IReachabilityEvent : IClusterDomainEvent { }

    /// <summary>The state of the cluster as this node sees it now.</summary>
    public sealed class CurrentClusterState : INoSerializationVerificationNeeded
    {
        private readonly ImmutableDictionary<string, Address> _roleLeaders;

        public CurrentClusterState()
            : this(ImmutableSortedSet<Member>.Empty, ImmutableHashSet<Member>.Empty, ImmutableHashSet<Address>.Empty, null, ImmutableDictionary<string, Address>.Empty) { }

        public CurrentClusterState(ImmutableSortedSet<Member> members, ImmutableHashSet<Member> unreachable, ImmutableHashSet<Address> seenBy, Address leader, ImmutableDictionary<string, Address> roleLeaderMap)
        {
            (Members, Unreachable, SeenBy, Leader) = (members, unreachable, seenBy, leader);
            _roleLeaders = roleLeaderMap;
        }

        public ImmutableSortedSet<Member> Members { get; }
        public ImmutableHashSet<Member> Unreachable { get; }
        public ImmutableHashSet<Address> SeenBy { get; }

        /// <summary>Null where there is none.</summary>
        public Address Leader { get; }

        public ImmutableHashSet<string> AllRoles => [.. _roleLeaders.Keys];

        public Address RoleLeader(string role) => _roleLeaders.GetValueOrDefault(role);
    }

    public abstract class MemberStatusChange : IMemberEvent
    {
        protected readonly Member _member;

        private protected MemberStatusChange(Member member, MemberStatus validStatus)
        {
            if (member.Status != validStatus) throw new ArgumentException($"Expected {validStatus} state, got: {member.Status}", nameof(member));
            _member = member;
        }

        public Member Member => _member;
        public override bool Equals(object obj) => obj is MemberStatusChange other && other.GetType() == GetType() && _member.Equals(other._member);
        public override int GetHashCode() => HashCode.Combine(GetType(), _member);
        public override string ToString() => $"{GetType().Name}(Member={Member})";
    }

    public sealed class MemberJoined : MemberStatusChange
    {
        public MemberJoined(Member member) : base(member, MemberStatus.Joining) { }
    }

    public sealed class MemberWeaklyUp : MemberStatusChange
    {
        public MemberWeaklyUp(Member member) : base(member, MemberStatus.WeaklyUp) { }
    }

    public sealed class MemberUp : MemberStatusChange
    {
        public MemberUp(Member member) : base(member, MemberStatus.Up) { }
    }

    public sealed class MemberLeft : MemberStatusChange
    {
        public MemberLeft(Member member) : base(member, MemberStatus.Leaving) { }
    }

    public sealed class MemberExited : MemberStatusChange
    {
        public MemberExited(Member member) : base(member, MemberStatus.Exiting) { }
    }

    public sealed class MemberDowned : MemberStatusChange
    {
        public MemberDowned(Member member) : base(member, MemberStatus.Down) { }
    }

    public sealed class MemberRemoved : MemberStatusChange
    {
        public MemberRemoved(Member member, MemberStatus previousStatus) : base(member, MemberStatus.Removed) => PreviousStatus = previousStatus;

        /// <summary>Down if it was lost, Exiting if it left.</summary>
        public MemberStatus PreviousStatus { get; }

        public override bool Equals(object obj) => obj is MemberRemoved other && base.Equals(obj) && PreviousStatus == other.PreviousStatus;
        public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), PreviousStatus);
    }

    public abstract class ReachabilityEvent : IReachabilityEvent
    {
        private protected ReachabilityEvent(Member member) => Member = member;
        public Member Member { get; }
        public override bool Equals(object obj) => obj is ReachabilityEvent other && other.GetType() == GetType() && Member.Equals(other.Member);
        public override int GetHashCode() => HashCode.Combine(GetType(), Member);
        public override string ToString() => $"{GetType().Name}(Member={Member})";
    }

    public sealed class UnreachableMember : ReachabilityEvent
    {
        public UnreachableMember(Member member) : base(member) { }
    }

    public sealed class ReachableMember : ReachabilityEvent
    {
        public ReachableMember(Member member) : base(member) { }
    }

    public sealed class LeaderChanged : IClusterDomainEvent
    {
        public LeaderChanged(Address leader) => Leader = leader;

        /// <summary>Null where there is none.</summary>
        public Address Leader { get; }

        public override bool Equals(object obj) => obj is LeaderChanged other && Equals(Leader, other.Leader);
        public override int GetHashCode() => Leader?.GetHashCode() ?? 0;
        public override string ToString() => $"LeaderChanged(NewLeader={Leader})";
    }

    /// <summary>The cluster's part of this system ends.</summary>
    public sealed class ClusterShuttingDown : IClusterDomainEvent
    {
        public static readonly IClusterDomainEvent Instance = new ClusterShuttingDown();
        private ClusterShuttingDown() { }
    }
}
