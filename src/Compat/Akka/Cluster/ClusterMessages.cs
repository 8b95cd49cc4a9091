using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>What the daemons of different nodes say to each other.</summary>
internal interface IClusterMessage : IDeadLetterSuppression;

/// <summary>Is there a cluster that would take me?</summary>
internal sealed record InitJoin : IClusterMessage;

internal sealed record InitJoinAck(Address From) : IClusterMessage;

internal sealed record InitJoinNack(Address From) : IClusterMessage;

/// <summary>Take me.</summary>
internal sealed record Join(UniqueAddress Node, ImmutableHashSet<string> Roles) : IClusterMessage;

internal sealed record Welcome(UniqueAddress From, Gossip Gossip) : IClusterMessage;

internal sealed record GossipEnvelope(UniqueAddress From, UniqueAddress To, Gossip Gossip) : IClusterMessage;

internal sealed record Heartbeat : IClusterMessage;

internal sealed record HeartbeatRsp(UniqueAddress From) : IClusterMessage;

/// <summary>I have done all I had to do before leaving.</summary>
internal sealed record ExitingConfirmed(UniqueAddress Node) : IClusterMessage;

/// <summary>What the application asks its own daemon for.</summary>
internal abstract record ClusterCommand
{
    internal sealed record JoinTo(Address Address) : ClusterCommand;

    internal sealed record JoinSeedNodes(ImmutableList<Address> SeedNodes) : ClusterCommand;

    internal sealed record Leave(Address Address) : ClusterCommand;

    internal sealed record Down(Address Address) : ClusterCommand;

    internal sealed record Subscribe(IActorRef Subscriber, ClusterEvent.SubscriptionInitialStateMode Mode, ImmutableArray<Type> To) : ClusterCommand;

    internal sealed record Unsubscribe(IActorRef Subscriber, Type To) : ClusterCommand;

    internal sealed record SendState(IActorRef Receiver) : ClusterCommand;

    internal sealed record OnStatus(MemberStatus Status, Action Callback) : ClusterCommand;

    internal sealed record ExitingCompleted : ClusterCommand;
}
