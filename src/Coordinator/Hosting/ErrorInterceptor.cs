using Google.Protobuf;
using Grpc.Core;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Hosting;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Gives every exception of a service the status that clients expect. What nobody foresaw is logged and INTERNAL.</summary>
public sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : CallInterceptor
{
    private static readonly TimeSpan s_diskMayBeCleared = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_storageMayAnswer = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task<T> CallAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e)
        {
            throw RpcErrors.Complete(Explain(e, context), RequestIds.Of(context.GetHttpContext()));
        }
    }

    private RpcException Explain(Exception error, ServerCallContext context)
    {
        switch (error)
        {
            case RpcException known:
                return known;
            case OperationCanceledException when context.CancellationToken.IsCancellationRequested:
                return RpcErrors.Info(StatusCode.Cancelled, "CANCELLED", "the call was cancelled or its deadline passed");
            case InvalidProtocolBufferException:
                // An IOException by descent, but the storage has nothing to do with it.
                return RpcErrors.Info(
                    StatusCode.InvalidArgument,
                    "UNREADABLE_MESSAGE",
                    $"the stream has a message that cannot be read: {error.Message}"
                );
            case FileTransferException transfer:
                return RpcErrors.Invalid((transfer.Field, transfer.Message));
            case QuotaExceededException:
                return RpcErrors.Info(StatusCode.ResourceExhausted, "QUOTA_EXCEEDED", error.Message);
            case Exception when DiskErrors.IsFull(error) || error is SqliteException { SqliteErrorCode: 13 }:
                LogDiskFull(context.Method, error.Message);
                return RpcErrors.Info(
                    StatusCode.ResourceExhausted,
                    "DISK_FULL",
                    "the coordinator's disk is full; nothing was kept of this call. Make room in its data folder and call again",
                    s_diskMayBeCleared
                );
            case IOException when context.CancellationToken.IsCancellationRequested:
                return RpcErrors.Info(StatusCode.Cancelled, "CANCELLED", "the client went away");
            case IOException or UnauthorizedAccessException or SqliteException:
                LogUnexpected(context.Method, error);
                return RpcErrors.Info(
                    StatusCode.Unavailable,
                    "STORAGE_FAILED",
                    $"the coordinator's storage failed; its log says how{Trace(context)}",
                    s_storageMayAnswer
                );
            case Akka.Actor.AskTimeoutException:
                LogUnexpected(context.Method, error);
                return RpcErrors.Info(
                    StatusCode.Unavailable,
                    "NO_ANSWER",
                    "the coordinator's actors did not answer in time; call again",
                    s_storageMayAnswer
                );
            default:
                LogUnexpected(context.Method, error);
                return RpcErrors.Info(
                    StatusCode.Internal,
                    "INTERNAL",
                    $"{context.Method} failed on the coordinator; its log says why{Trace(context)}"
                );
        }
    }

    private static string Trace(ServerCallContext context) =>
        CallTrace.IdOf(context) is { Length: > 0 } id ? $" under the trace id {id}" : "";

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "{Method}: the disk is full: {Problem}")]
    private partial void LogDiskFull(string method, string problem);

    [LoggerMessage(EventId = 101, Level = LogLevel.Error, Message = "{Method} failed")]
    private partial void LogUnexpected(string method, Exception error);
}
