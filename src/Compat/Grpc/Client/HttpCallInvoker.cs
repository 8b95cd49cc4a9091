using Grpc.Core;

namespace Grpc.Net.Client.Internal;

/// <summary>Starts a channel's calls.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        // On another thread: the caller's may be the only one of its synchronisation context.
        Task.Run(() => AsyncUnaryCall(method, host, options, request).ResponseAsync).GetAwaiter().GetResult();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.Start(new MessageContent<TRequest, TResponse>(call, request));
        return new(call.ReadResponseAsync(), Headers, Status, Trailers, End, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.Start(new MessageContent<TRequest, TResponse>(call, request));
        return new(new ClientStreamReader<TRequest, TResponse>(call), Headers, Status, Trailers, End, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        var writer = new ClientStreamWriter<TRequest, TResponse>(call);
        call.Start(writer.Content);
        return new(writer, call.ReadResponseAsync(), Headers, Status, Trailers, End, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        var writer = new ClientStreamWriter<TRequest, TResponse>(call);
        call.Start(writer.Content);
        return new(writer, new ClientStreamReader<TRequest, TResponse>(call), Headers, Status, Trailers, End, call);
    }

    private static Task<Metadata> Headers(object call) => ((ClientCall)call).ResponseHeaders;

    private static Status Status(object call) => ((ClientCall)call).Status;

    private static Metadata Trailers(object call) => ((ClientCall)call).Trailers;

    private static void End(object call) => ((ClientCall)call).Dispose();
}
