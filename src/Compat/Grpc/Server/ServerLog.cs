using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Error, "Error when executing service method '{Method}'.")]
    public static partial void Failed(ILogger logger, string method, Exception error);

    [LoggerMessage(2, LogLevel.Information, "Method '{Method}' ended with status {Status}: {Detail}")]
    public static partial void EndedWithStatus(ILogger logger, string method, StatusCode status, string detail);

    [LoggerMessage(3, LogLevel.Information, "Method '{Method}' was cancelled by its client.")]
    public static partial void Cancelled(ILogger logger, string method);

    [LoggerMessage(4, LogLevel.Debug, "The deadline of a call of '{Method}' has passed.")]
    public static partial void DeadlineExceeded(ILogger logger, string method);

    [LoggerMessage(5, LogLevel.Debug, "Method '{Method}' ended after its deadline.")]
    public static partial void EndedAfterDeadline(ILogger logger, string method, Exception error);

    [LoggerMessage(6, LogLevel.Information, "A request with content type '{ContentType}' over {Protocol} is no gRPC call.")]
    public static partial void NotGrpc(ILogger logger, string? contentType, string protocol);
}
