using Akka.Actor;
using Akka.Remote;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>Ends the system of a node that others have given up while it stood still: it can come back only as a new one.</summary>
public sealed class QuarantineActor : ReceiveActor
{
    public QuarantineActor() => Receive<ThisActorSystemQuarantinedEvent>(_ =>
    {
        var cluster = global::Akka.Cluster.Cluster.Get(Context.System);
        cluster.Down(cluster.SelfAddress);
    });

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
}
