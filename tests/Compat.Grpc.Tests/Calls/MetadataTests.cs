using Compat.Grpc.Tests.Testing;
using Grpc.Core;

namespace Compat.Grpc.Tests.Calls;

public sealed class MetadataTests
{
    [Fact]
    public async Task Headers_TextAndBinary_TravelBothWaysAndInTrailers()
    {
        await using var server = await TestServer.StartAsync();
        var headers = new Metadata { { "x-copy-text", "a b, c" }, { "X-Copy-Data-bin", new byte[] { 0, 255, 44, 10 } } };

        using var call = server.Invoker().Unary([1], new CallOptions(headers));
        var received = await call.ResponseHeadersAsync;
        await call;
        var trailers = call.GetTrailers();

        foreach (var metadata in new[] { received, trailers })
        {
            Assert.Equal("a b, c", metadata.GetValue("x-copy-text"));
            Assert.Equal([0, 255, 44, 10], metadata.GetValueBytes("x-copy-data-bin"));
        }
    }

    [Fact]
    public async Task Context_AnyCall_KnowsMethodHostAndPeer()
    {
        await using var server = await TestServer.StartAsync();

        await server.Invoker().Unary([1]);
        var context = await server.Probe.Begun;

        Assert.Equal("/compat.tests.v1.Raw/Unary", context.Method);
        Assert.Equal(new Uri(server.Address).Authority, context.Host);
        Assert.StartsWith("ipv4:127.0.0.1:", context.Peer);
    }

    [Fact]
    public void Entry_BytesUnderTextKey_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a", new byte[] { 1 }));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("a b", "text"));
    }

    [Fact]
    public void Get_KeyTwiceInOtherCase_LastCounts()
    {
        var metadata = new Metadata { { "Key", "1" }, { "key", "2" }, { "other", "3" } };

        Assert.Equal("2", metadata.GetValue("KEY"));
        Assert.Equal(2, metadata.GetAll("key").Count());
        Assert.Null(metadata.Get("missing"));
    }

    [Fact]
    public void Empty_Add_Throws() =>
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
}
