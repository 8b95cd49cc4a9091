using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Compat.Grpc.Tests.Calls;

public sealed class InterceptorTests
{
    [Theory]
    [InlineData(MethodType.Unary)]
    [InlineData(MethodType.ClientStreaming)]
    [InlineData(MethodType.ServerStreaming)]
    [InlineData(MethodType.DuplexStreaming)]
    public async Task Server_ServiceThrows_InterceptorMapsItToAStatus(MethodType type)
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.Interceptors.Add<Mapper>("mapped: "));
        var invoker = server.Invoker();
        var options = RawCalls.Do("throw");

        var failure = await RawCalls.FailureAsync(() => type switch
        {
            MethodType.Unary => invoker.Unary([1], options).ResponseAsync,
            MethodType.ClientStreaming => invoker.Collect(options).ResponseAsync,
            MethodType.ServerStreaming => invoker.Split([1], options).ResponseStream.MoveNext(),
            _ => invoker.Chat(options).ResponseStream.MoveNext(),
        });

        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Equal("mapped: a secret", failure.Status.Detail);
    }

    [Fact]
    public async Task Server_TwoInterceptors_FirstStandsOutside()
    {
        var order = new List<string>();
        await using var server = await TestServer.StartAsync(
            grpc =>
            {
                grpc.Interceptors.Add<Recorder>("first");
                grpc.Interceptors.Add<Recorder>("second");
            },
            services => services.AddSingleton(order));

        await server.Invoker().Unary([1]);

        Assert.Equal(["first", "second"], order);
    }

    [Fact]
    public async Task ServiceOptions_OfOneService_BindThatServiceOnly()
    {
        await using var server = await TestServer.StartAsync(services: services =>
            services.AddGrpc().AddServiceOptions<RawService>(options => options.MaxReceiveMessageSize = 10));

        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary(new byte[11]).ResponseAsync);
        var reply = await new V1.Echo.EchoClient(server.Channel()).SayAsync(new V1.Note { Text = new string('x', 100) });

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Equal(100, reply.Text.Length);
    }

    [Fact]
    public async Task Client_HeaderFunction_AddsToEveryCall()
    {
        await using var server = await TestServer.StartAsync();
        var invoker = server.Channel().Intercept(headers =>
        {
            headers.Add("x-copy-added", "yes");
            return headers;
        });

        using var call = invoker.Unary([1]);

        Assert.Equal("yes", (await call.ResponseHeadersAsync).GetValue("x-copy-added"));
    }

    [Fact]
    public async Task Client_Interceptor_SeesEveryUnaryCall()
    {
        await using var server = await TestServer.StartAsync();
        var counter = new Counter();

        await server.Channel().Intercept(counter).Unary([1]);

        Assert.Equal(["/compat.tests.v1.Raw/Unary"], counter.Methods);
    }

    private sealed class Mapper(string prefix) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            MapAsync(() => continuation(request, context));

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
            MapAsync(() => continuation(requestStream, context));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            MapAsync(() => Typed(continuation(request, responseStream, context)));

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            MapAsync(() => Typed(continuation(requestStream, responseStream, context)));

        private static async Task<bool> Typed(Task task)
        {
            await task;
            return true;
        }

        private async Task<T> MapAsync<T>(Func<Task<T>> call)
        {
            try
            {
                return await call();
            }
            catch (InvalidOperationException error)
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, prefix + error.Message));
            }
        }
    }

    private sealed class Recorder(string name, List<string> order) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            order.Add(name);
            return continuation(request, context);
        }
    }

    private sealed class Counter : Interceptor
    {
        public List<string> Methods { get; } = [];

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            Methods.Add(context.Method.FullName);
            return continuation(request, context);
        }
    }
}
