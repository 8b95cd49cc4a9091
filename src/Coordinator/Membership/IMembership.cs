using Akka.Actor;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>The cluster's view of who is there.</summary>
internal interface IMembership
{
    /// <summary>From now on <paramref name="subscriber"/> hears <see cref="MemberLost"/> and <see cref="MemberReachability"/>.</summary>
    void Subscribe(IActorRef subscriber);

    /// <summary>Removes members that have been unreachable for <paramref name="after"/>.</summary>
    /// <param name="after">The time.</param>
    /// <param name="alive">Those that the coordinator hears from, whatever others say of them.</param>
    void DownUnreachable(TimeSpan after, IReadOnlySet<Address> alive);
}

/// <summary>A member was removed.</summary>
internal sealed record MemberLost(Address Address, string Reason);

/// <summary>Some member says that it cannot reach another, or that it can again.</summary>
internal sealed record MemberReachability(Address Address, bool Reachable);
