using Compat.Grpc.Tests.Testing;
using Compat.Grpc.Tests.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Compat.Grpc.Tests.Calls;

public sealed class GeneratedClientTests
{
    [Fact]
    public async Task Unary_SmallMessage_ComesBack()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        var reply = await client.SayAsync(new Note { Text = "grüß dich", Count = 3 });

        Assert.Equal(new Note { Text = "grüß dich", Count = 3 }, reply);
    }

    [Fact]
    public async Task BlockingUnary_SmallMessage_ComesBack()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        var reply = client.Say(new Note { Text = "a" });

        Assert.Equal("a", reply.Text);
    }

    [Fact]
    public async Task Unary_EmptyMessage_ComesBack()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        Assert.Equal(new Note(), await client.SayAsync(new Note()));
    }

    [Fact]
    public async Task ClientStreaming_ManyMessages_AreAllRead()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        using var call = client.Collect();
        for (var i = 0; i < 100; i++)
            await call.RequestStream.WriteAsync(new Note { Text = "x" });
        await call.RequestStream.CompleteAsync();
        var reply = await call;

        Assert.Equal(100, reply.Count);
        Assert.Equal(new string('x', 100), reply.Text);
    }

    [Fact]
    public async Task ServerStreaming_ManyMessages_ComeInOrder()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        using var call = client.Repeat(new Note { Count = 1000, Data = ByteString.CopyFrom(RawCalls.Bytes(1000)) });
        var counts = new List<int>();
        await foreach (var note in call.ResponseStream.ReadAllAsync())
            counts.Add(note.Count);

        Assert.Equal(Enumerable.Range(0, 1000), counts);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Duplex_AnswerBeforeNextQuestion_ComesAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel());

        using var call = client.Chat();
        for (var i = 0; i < 10; i++)
        {
            await call.RequestStream.WriteAsync(new Note { Count = i });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(i, call.ResponseStream.Current.Count);
        }
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Duplex_HeadersAwaitedBeforeAnyMessage_ServerMaySpeakFirst()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Chat(new CallOptions(headers: new Metadata { { "x-copy-a", "1" } }));
        var headers = await call.ResponseHeadersAsync.WaitAsync(RawCalls.Patience);

        Assert.Equal("1", headers.GetValue("x-copy-a"));
    }

    [Fact]
    public async Task WithHost_AnyHost_CallStillWorks()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Echo.EchoClient(server.Channel()).WithHost("elsewhere");

        Assert.Equal("b", (await client.SayAsync(new Note { Text = "b" })).Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(1024 * 1024)]
    [InlineData(8 * 1024 * 1024)]
    public async Task Duplex_MessageOfAnySize_ComesBackUnchanged(int size)
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.MaxReceiveMessageSize = null);
        var bytes = RawCalls.Bytes(size);

        using var call = server.Invoker(new() { MaxReceiveMessageSize = null }).Chat();
        for (var i = 0; i < 3; i++)
        {
            await call.RequestStream.WriteAsync(new Blob(bytes));
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(bytes, call.ResponseStream.Current.Bytes);
        }
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext());
    }
}
