using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;

namespace TrainingCluster.Errors;

/// <summary>Reads the details that a service put beside a status.</summary>
public static class RpcErrorDetails
{
    /// <summary>Every type of detail, for writing errors as JSON.</summary>
    public static TypeRegistry Types { get; } =
        TypeRegistry.FromMessages(
            BadRequest.Descriptor,
            ErrorInfo.Descriptor,
            RequestInfo.Descriptor,
            ResourceInfo.Descriptor,
            RetryInfo.Descriptor
        );

    /// <summary>The first detail of type <typeparamref name="T"/>; null when there is none or it cannot be read.</summary>
    public static T? Find<T>(RpcException error)
        where T : class, IMessage<T>, new()
    {
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            return error.Trailers.GetRpcStatus(ignoreParseError: true)?.GetDetail<T>();
        }
        catch (InvalidProtocolBufferException)
        {
            // Another server may put anything there; the status itself still stands.
            return null;
        }
    }

    /// <summary>What went wrong, a line each: every violated field where the server named them, else the status text.</summary>
    public static IReadOnlyList<string> Lines(RpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Find<BadRequest>(error) is { FieldViolations.Count: > 0 } bad
            ? [.. bad.FieldViolations.Select(v => v.Field.Length == 0 ? v.Description : $"{v.Field}: {v.Description}")]
            : [error.Status.Detail];
    }
}
