using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal;

internal sealed class UnaryHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodSettings settings, ServiceActivator<TService> activator,
    Func<TService, TRequest, ServerCallContext, Task<TResponse>> invoke)
    : MethodHandler<TService, TRequest, TResponse>(method, settings, activator)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call, InterceptorPipeline interceptors)
    {
        var request = await ReadRequestAsync(call);
        var handler = interceptors.Wrap<UnaryServerMethod<TRequest, TResponse>>(
            (message, context) => WithServiceAsync(call.Http, service => invoke(service, message, context)),
            (interceptor, inner) => (message, context) => interceptor.UnaryServerHandler(message, context, inner));
        await WriteResponseAsync(call, await handler(request, call));
    }
}

internal sealed class ClientStreamingHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodSettings settings, ServiceActivator<TService> activator,
    Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>> invoke)
    : MethodHandler<TService, TRequest, TResponse>(method, settings, activator)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call, InterceptorPipeline interceptors)
    {
        LiftRequestLimits(call.Http);
        var requests = new ServerStreamReader<TRequest>(call, Method.RequestMarshaller.ContextualDeserializer);
        var handler = interceptors.Wrap<ClientStreamingServerMethod<TRequest, TResponse>>(
            (stream, context) => WithServiceAsync(call.Http, service => invoke(service, stream, context)),
            (interceptor, inner) => (stream, context) => interceptor.ClientStreamingServerHandler(stream, context, inner));
        try
        {
            await WriteResponseAsync(call, await handler(requests, call));
        }
        finally
        {
            requests.Complete();
        }
    }
}

internal sealed class ServerStreamingHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodSettings settings, ServiceActivator<TService> activator,
    Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task> invoke)
    : MethodHandler<TService, TRequest, TResponse>(method, settings, activator)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call, InterceptorPipeline interceptors)
    {
        var request = await ReadRequestAsync(call);
        var responses = new ServerStreamWriter<TResponse>(call, Method.ResponseMarshaller.ContextualSerializer);
        var handler = interceptors.Wrap<ServerStreamingServerMethod<TRequest, TResponse>>(
            (message, stream, context) => WithServiceAsync(call.Http, service => invoke(service, message, stream, context)),
            (interceptor, inner) => (message, stream, context) => interceptor.ServerStreamingServerHandler(message, stream, context, inner));
        try
        {
            await handler(request, responses, call);
        }
        finally
        {
            responses.Complete();
        }
    }
}

internal sealed class DuplexStreamingHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodSettings settings, ServiceActivator<TService> activator,
    Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task> invoke)
    : MethodHandler<TService, TRequest, TResponse>(method, settings, activator)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override async Task RunAsync(ServerCall call, InterceptorPipeline interceptors)
    {
        LiftRequestLimits(call.Http);
        var requests = new ServerStreamReader<TRequest>(call, Method.RequestMarshaller.ContextualDeserializer);
        var responses = new ServerStreamWriter<TResponse>(call, Method.ResponseMarshaller.ContextualSerializer);
        var handler = interceptors.Wrap<DuplexStreamingServerMethod<TRequest, TResponse>>(
            (source, stream, context) => WithServiceAsync(call.Http, service => invoke(service, source, stream, context)),
            (interceptor, inner) => (source, stream, context) => interceptor.DuplexStreamingServerHandler(source, stream, context, inner));
        try
        {
            await handler(requests, responses, call);
        }
        finally
        {
            requests.Complete();
            responses.Complete();
        }
    }
}
