using Akka.Actor;

namespace Akka.Remote;

/// <summary>What became of a connection to another system; published on the event stream.</summary>
public abstract class AssociationEvent
{
    private protected AssociationEvent(Address localAddress, Address remoteAddress, bool inbound) =>
        (LocalAddress, RemoteAddress, IsInbound) = (localAddress, remoteAddress, inbound);

    public Address LocalAddress { get; }

    /// <summary>Null where a caller had not said who it is.</summary>
    public Address RemoteAddress { get; }

    public bool IsInbound { get; }

    /// <summary>For people.</summary>
    protected abstract string EventName { get; }

    public override string ToString() => $"{EventName} [{LocalAddress}] {(IsInbound ? "<-" : "->")} {RemoteAddress}";
}

/// <summary>A connection that stood has ended. Here: one of ours to another system; the ends of those that came in are not published.</summary>
public sealed class DisassociatedEvent(Address localAddress, Address remoteAddress, bool inbound) : AssociationEvent(localAddress, remoteAddress, inbound)
{
    protected override string EventName => "Disassociated";
}

/// <summary>A connection failed. Here: one that came in and did not speak the protocol, broke off or stayed silent.</summary>
public sealed class AssociationErrorEvent(Exception cause, Address localAddress, Address remoteAddress, bool inbound) : AssociationEvent(localAddress, remoteAddress, inbound)
{
    public Exception Cause { get; } = cause;

    protected override string EventName => "AssociationError";

    public override string ToString() => $"{base.ToString()}: Error [{Cause.Message}]";
}
