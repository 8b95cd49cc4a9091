using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>Ends the system of a node that others have given up while it stood still: it can come back only as a new one.</summary>
public sealed class QuarantineActor : ReceiveActor
{
    public QuarantineActor() => Receive<ThisActorSystemQuarantinedEvent>(quarantined =>
    {
        var cluster = global::Akka.Cluster.Cluster.Get(Context.System);
        if (cluster.SelfMember.Status == MemberStatus.Removed) _ = Context.System.Terminate();
        else cluster.Down(cluster.SelfAddress);
    });

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
}
