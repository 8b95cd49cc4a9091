using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client.Internal;

internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Debug, "Call ended with gRPC status {Status}: {Detail}")]
    public static partial void Ended(ILogger logger, StatusCode status, string detail, Exception? error);
}
