using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>
/// Gives each call a trace: that of the metadata <c>traceparent</c>, or a new one. Every line that is logged for the call names it, and so
/// does the trailer <c>trace-id</c>. A call that changes something has a span.
/// </summary>
public sealed class TraceInterceptor(ILogger<TraceInterceptor> logger) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    ) => TraceAsync(context, AuditInterceptor.SubjectOf(request) is not null, () => continuation(request, context));

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation
    ) => TraceAsync(context, hasSpan: false, () => continuation(requestStream, context));

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation
    ) =>
        TraceAsync(
            context,
            hasSpan: false,
            async () =>
            {
                await continuation(request, responseStream, context);
                return true;
            }
        );

    private async Task<T> TraceAsync<T>(ServerCallContext context, bool hasSpan, Func<Task<T>> call)
    {
        var trace = CallTrace.Begin(context);
        var span = hasSpan ? Spans.Begin(context.Method.TrimStart('/'), trace, ActivityKind.Server) : null;
        if (span is not null)
        {
            CallTrace.Set(context, span.Context);
        }
        context.ResponseTrailers.Add(TraceParent.AnswerKey, trace.TraceId.ToString());
        return await CallTrace.RunAsync(logger, trace, span, call);
    }
}
