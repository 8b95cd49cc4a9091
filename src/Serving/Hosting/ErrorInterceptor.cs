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
        catch (RpcException)
        {
            throw;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.CancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Info(StatusCode.Cancelled, "CANCELLED", "the call was cancelled or its deadline passed");
        }
        catch (Exception e)
        {
            LogUnexpected(context.Method, e);
            throw RpcErrors.Info(StatusCode.Internal, "INTERNAL", $"{context.Method} failed on the server; its log says why");
        }
    }

    [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "{Method} failed")]
    private partial void LogUnexpected(string method, Exception error);
}
