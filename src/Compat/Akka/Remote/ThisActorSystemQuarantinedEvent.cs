using Akka.Actor;

namespace Akka.Remote;

/// <summary>Published on the event stream when another system refuses this one, since it declared it dead: this system cannot come back to it and must be started anew.</summary>
public sealed class ThisActorSystemQuarantinedEvent
{
    public ThisActorSystemQuarantinedEvent(Address localAddress, Address remoteAddress) => (LocalAddress, RemoteAddress) = (localAddress, remoteAddress);
    public Address LocalAddress { get; }
    public Address RemoteAddress { get; }
    public override string ToString() => $"The remote system {RemoteAddress} has quarantined this system {LocalAddress}.";
}
