using Akka.Actor;

namespace Akka.Remote;

/// <summary>Published on the event stream when a connection failed: here, one that came in and did not speak the protocol, broke off or stayed silent.</summary>
public sealed class AssociationErrorEvent
{
    public AssociationErrorEvent(Exception cause, Address localAddress, Address remoteAddress, bool inbound) =>
        (Cause, LocalAddress, RemoteAddress, IsInbound) = (cause, localAddress, remoteAddress, inbound);

    public Exception Cause { get; }
    public Address LocalAddress { get; }

    /// <summary>Null where the caller had not said who it is.</summary>
    public Address RemoteAddress { get; }
    public bool IsInbound { get; }
    public override string ToString() => $"AssociationError [{LocalAddress}] {(IsInbound ? "<-" : "->")} {RemoteAddress}: Error [{Cause.Message}]";
}
