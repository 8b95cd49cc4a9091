using Compat.Grpc.Tests.Testing;
using Grpc.Core;

namespace Compat.Grpc.Tests.Calls;

public sealed class MessageTests
{
    [Fact]
    public async Task Unary_RequestOverServersLimit_ResourceExhausted()
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.MaxReceiveMessageSize = 1000);

        await server.Invoker().Unary(new byte[1000]);
        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary(new byte[1001]).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Unary_RequestOverClientsSendLimit_ResourceExhausted()
    {
        await using var server = await TestServer.StartAsync();
        var invoker = server.Invoker(new() { MaxSendMessageSize = 1000 });

        await invoker.Unary(new byte[1000]);
        var failure = await RawCalls.FailureAsync(() => invoker.Unary(new byte[1001]).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Unary_ResponseOverClientsLimit_ResourceExhausted()
    {
        await using var server = await TestServer.StartAsync();

        var failure = await RawCalls.FailureAsync(
            () => server.Invoker(new() { MaxReceiveMessageSize = 1000 }).Unary(new byte[1001]).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Unary_ResponseOverServersSendLimit_ResourceExhausted()
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.MaxSendMessageSize = 1000);

        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary(new byte[1001]).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Unary_NothingConfigured_LimitIsFourMebibytes()
    {
        await using var server = await TestServer.StartAsync();
        const int Limit = 4 * 1024 * 1024;

        Assert.Equal(Limit, (await server.Invoker().Unary(new byte[Limit])).Bytes.Length);
        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary(new byte[Limit + 1]).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task WriteAsync_PreviousWritePending_Throws()
    {
        await using var server = await TestServer.StartAsync();
        // The service does not read, so the stream's window fills up.
        using var call = server.Invoker().Chat(RawCalls.Do("wait"));
        var pending = call.RequestStream.WriteAsync(new Blob(new byte[4_000_000]));

        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Blob([1])));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await call.RequestStream.CompleteAsync());

        call.Dispose();
        Assert.Equal(StatusCode.Cancelled, (await RawCalls.FailureAsync(() => pending)).StatusCode);
    }

    [Fact]
    public async Task WriteAsync_AfterComplete_Throws()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Invoker().Collect();
        await call.RequestStream.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Blob([1])));
    }

    [Fact]
    public async Task Chat_BufferHint_AllMessagesArriveAfterTheLast()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Invoker().Collect(new CallOptions(writeOptions: new WriteOptions(WriteFlags.BufferHint)));
        for (byte i = 0; i < 100; i++)
            await call.RequestStream.WriteAsync(new Blob([i]));
        await call.RequestStream.CompleteAsync();

        var reply = await call;

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), reply.Bytes);
    }

    [Fact]
    public async Task Marshaller_OverArrays_MessageComesBack()
    {
        await using var server = await TestServer.StartAsync();
        var strings = new Method<string, string>(
            MethodType.Unary, Raw.ServiceName, "Unary", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

        var reply = await server.Invoker().AsyncUnaryCall(strings, null, default, "größer");

        Assert.Equal("größer", reply);
    }

    [Fact]
    public async Task Marshaller_LengthNotSaidBefore_MessageComesBack()
    {
        await using var server = await TestServer.StartAsync();
        var gathered = Marshallers.Create<Blob>(
            (blob, context) =>
            {
                var writer = context.GetBufferWriter();
                foreach (var value in blob.Bytes)
                {
                    writer.GetSpan(1)[0] = value;
                    writer.Advance(1);
                }
                context.Complete();
            },
            context => new Blob(context.PayloadAsNewBuffer()));
        var method = new Method<Blob, Blob>(MethodType.Unary, Raw.ServiceName, "Unary", gathered, gathered);
        var bytes = RawCalls.Bytes(100_000);

        var reply = await server.Invoker().AsyncUnaryCall(method, null, default, new Blob(bytes));

        Assert.Equal(bytes, reply.Bytes);
    }
}
