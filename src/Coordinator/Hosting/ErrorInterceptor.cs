using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Errors;
using TrainingCluster.Files;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Gives every exception of a service the status that clients expect. What nobody foresaw is logged and INTERNAL.</summary>
public sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    ) => GuardAsync(context, () => continuation(request, context));

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation
    ) => GuardAsync(context, () => continuation(requestStream, context));

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation
    ) =>
        GuardAsync(
            context,
            async () =>
            {
                await continuation(request, responseStream, context);
                return true;
            }
        );

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation
    ) =>
        GuardAsync(
            context,
            async () =>
            {
                await continuation(requestStream, responseStream, context);
                return true;
            }
        );

    private async Task<T> GuardAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException)
        {
            throw;
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "the call was cancelled or its deadline passed"));
        }
        catch (InvalidProtocolBufferException e)
        {
            // An IOException by descent, but the storage has nothing to do with it.
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"the stream has a message that cannot be read: {e.Message}"));
        }
        catch (FileTransferException e)
        {
            throw RpcErrors.Invalid((e.Field, e.Message));
        }
        catch (QuotaExceededException e)
        {
            throw RpcErrors.Info(StatusCode.ResourceExhausted, "QUOTA_EXCEEDED", e.Message);
        }
        catch (Exception e) when (DiskErrors.IsFull(e) || e is SqliteException { SqliteErrorCode: 13 })
        {
            LogDiskFull(context.Method, e.Message);
            throw RpcErrors.Info(
                StatusCode.ResourceExhausted,
                "DISK_FULL",
                "the coordinator's disk is full; nothing was kept of this call. Make room in its data folder and call again"
            );
        }
        catch (IOException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "the client went away"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            LogUnexpected(context.Method, e);
            throw RpcErrors.Info(
                StatusCode.Unavailable,
                "STORAGE_FAILED",
                $"the coordinator's storage failed; its log says how{Trace(context)}"
            );
        }
        catch (Exception e)
        {
            LogUnexpected(context.Method, e);
            throw RpcErrors.Info(
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
