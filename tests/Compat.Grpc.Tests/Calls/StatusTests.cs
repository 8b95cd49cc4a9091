using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.TestSupport;

namespace Compat.Grpc.Tests.Calls;

public sealed class StatusTests
{
    [Fact]
    public async Task Unary_ServiceThrowsRpcException_StatusMessageAndTrailersArrive()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Unary([1], RawCalls.Do("fail"));
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        Assert.Equal(RawService.Detail, failure.Status.Detail);
        Assert.Equal([0, 1, 2, 255], failure.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal(StatusCode.NotFound, call.GetStatus().StatusCode);
        Assert.Equal([0, 1, 2, 255], call.GetTrailers().GetValueBytes("grpc-status-details-bin"));
    }

    [Theory]
    [InlineData(false, "Exception was thrown by handler.")]
    [InlineData(true, "Exception was thrown by handler. InvalidOperationException: a secret")]
    public async Task Unary_ServiceThrows_UnknownWithDetailOnlyWhenEnabled(bool detailed, string detail)
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.EnableDetailedErrors = detailed);

        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary([1], RawCalls.Do("throw")).ResponseAsync);

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.Equal(detail, failure.Status.Detail);
    }

    [Fact]
    public async Task ServerStreaming_ServiceThrowsBeforeFirstMessage_MoveNextThrows()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Split([1], RawCalls.Do("fail"));
        var failure = await RawCalls.FailureAsync(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        Assert.Equal(RawService.Detail, failure.Status.Detail);
    }

    [Fact]
    public async Task ClientStreaming_ServiceEndsWhileClientWrites_WriterSeesTheStatus()
    {
        await using var server = await TestServer.StartAsync();
        // Writes race with the end of the call: whichever of them fails, it is told why.
        for (var i = 0; i < 200; i++)
        {
            using var call = server.Invoker().Collect(RawCalls.Do("fail"));
            var failure = await RawCalls.FailureAsync(async () =>
            {
                while (true)
                    await call.RequestStream.WriteAsync(new Blob(new byte[100]));
            });

            Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        }
    }

    [Fact]
    public async Task Duplex_ServiceEndsEarly_WriterAndReaderSeeTheStatus()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Chat(RawCalls.Do("fail"));
        var read = await RawCalls.FailureAsync(() => call.ResponseStream.MoveNext());
        var write = await RawCalls.FailureAsync(() => call.RequestStream.WriteAsync(new Blob([1])));

        Assert.Equal(StatusCode.NotFound, read.StatusCode);
        Assert.Equal(StatusCode.NotFound, write.StatusCode);
    }

    [Fact]
    public async Task ClientStreaming_ServiceEndsEarly_ResponseFailsWithItsStatus()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Collect(RawCalls.Do("fail"));
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }

    [Theory]
    [InlineData("compat.tests.v1.Raw", "Missing", "Method is unimplemented.")]
    [InlineData("compat.tests.v1.Missing", "Unary", "Service is unimplemented.")]
    public async Task Unary_UnknownMethodOrService_Unimplemented(string service, string method, string detail)
    {
        await using var server = await TestServer.StartAsync();
        var unknown = new Method<Blob, Blob>(
            MethodType.Unary, service, method, Raw.Unary.RequestMarshaller, Raw.Unary.ResponseMarshaller);

        using var call = server.Invoker().AsyncUnaryCall(unknown, null, default, new Blob([1]));
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
        Assert.Equal(detail, failure.Status.Detail);
    }

    [Fact]
    public async Task Unary_NobodyListens_Unavailable()
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{FreePort.Next()}");

        var failure = await RawCalls.FailureAsync(() => channel.CreateCallInvoker().Unary([1]).ResponseAsync);

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task Duplex_ServerGoesAway_Unavailable()
    {
        var server = await TestServer.StartAsync();
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = channel.CreateCallInvoker().Chat();
        await call.RequestStream.WriteAsync(new Blob([1]));
        Assert.True(await call.ResponseStream.MoveNext());

        var read = call.ResponseStream.MoveNext();
        await server.AbortAsync();
        var failure = await RawCalls.FailureAsync(() => read);

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task GetStatus_CallStillRuns_Throws()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Chat();

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }
}
