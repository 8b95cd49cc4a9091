using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Hosting;

namespace TrainingCluster.Serving.Hosting;

/// <summary>Gives what nobody foresaw a status, and logs it.</summary>
/// <param name="logger">Told of it.</param>
internal sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : CallInterceptor
{
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
            case OperationCanceledException or IOException when context.CancellationToken.IsCancellationRequested:
                return RpcErrors.Info(StatusCode.Cancelled, "CANCELLED", "the call was cancelled or its deadline passed");
            default:
                LogUnexpected(context.Method, RequestIds.Of(context.GetHttpContext()), error);
                return RpcErrors.Info(StatusCode.Internal, "INTERNAL", $"{context.Method} failed on the server; its log says why");
        }
    }

    [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "{Method} failed, request {RequestId}")]
    private partial void LogUnexpected(string method, string requestId, Exception error);
}
