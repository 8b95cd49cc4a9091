using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Hosting;

namespace TrainingCluster.Serving.Hosting;

/// <summary>Gives what nobody foresaw a status, and logs it.</summary>
/// <param name="logger">Told of it.</param>
internal sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : CallInterceptor
{
    private const int LongestId = 128;

    /// <inheritdoc/>
    protected override async Task<T> CallAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e)
        {
            throw RpcErrors.Complete(Explain(e, context), RequestIdOf(context));
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
                LogUnexpected(context.Method, RequestIdOf(context), error);
                return RpcErrors.Info(StatusCode.Internal, "INTERNAL", $"{context.Method} failed on the server; its log says why");
        }
    }

    /// <summary>The client's, or the server's own.</summary>
    private static string RequestIdOf(ServerCallContext context) =>
        context.RequestHeaders.GetValue("x-request-id") is { Length: > 0 and <= LongestId } sent && sent.All(c => c is > ' ' and < '\x7f')
            ? sent
            : context.GetHttpContext().TraceIdentifier;

    [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "{Method} failed, request {RequestId}")]
    private partial void LogUnexpected(string method, string requestId, Exception error);
}
