using Akka.Actor;
using Akka.Remote;

namespace TrainingCluster.Telemetry;

/// <summary>Hears of connections that came in at the actors' port and failed.</summary>
public sealed class RefusedPeers : ReceiveActor
{
    /// <summary>Listens to its system's event stream.</summary>
    /// <param name="refusals">Counts them.</param>
    public RefusedPeers(Refusals refusals)
    {
        ArgumentNullException.ThrowIfNull(refusals);
        Context.System.EventStream.Subscribe(Self, typeof(AssociationErrorEvent));
        Receive<AssociationErrorEvent>(error =>
        {
            if (error.IsInbound)
                refusals.NotePeer(error.Cause);
        });
    }
}
