using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>A call that ended with a status other than OK: thrown to a client's caller, and by a service to end its call so.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "The package's exception always carries a status.")]
public class RpcException : Exception
{
    public RpcException(Status status)
        : this(status, Metadata.Empty, status.ToString())
    {
    }

    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    public Status Status { get; }

    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The call's trailing metadata, <c>grpc-status-details-bin</c> among them where the server sent it.</summary>
    public Metadata Trailers { get; }
}
