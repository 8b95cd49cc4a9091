using System.Net;
using System.Net.Http.Headers;
using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Grpc.Net.Client;

namespace Compat.Grpc.Tests.Calls;

public sealed class CompressionTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    public async Task Unary_RequestAndResponseCompressed_ComesBackUnchanged(string? requestEncoding)
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.ResponseCompressionAlgorithm = "gzip");
        var headers = new Metadata();
        if (requestEncoding is not null)
            headers.Add("grpc-internal-encoding-request", requestEncoding);
        var handler = new Recorder();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = handler });
        var bytes = new byte[100_000];

        var reply = await channel.CreateCallInvoker().Unary(bytes, new CallOptions(headers));

        Assert.Equal(bytes, reply.Bytes);
        Assert.Equal("gzip", handler.Response!.Headers.GetValues("grpc-encoding").Single());
    }

    [Fact]
    public async Task Unary_CompressedMessageOverLimit_ResourceExhausted()
    {
        await using var server = await TestServer.StartAsync(grpc => grpc.MaxReceiveMessageSize = 10_000);
        var options = new CallOptions(new Metadata { { "grpc-internal-encoding-request", "gzip" } });

        // A few hundred bytes on the wire.
        var failure = await RawCalls.FailureAsync(() => server.Invoker().Unary(new byte[100_000], options).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Post_UnknownEncoding_UnimplementedAndSaysWhatIsKnown()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await Http.PostAsync(server.Address, "/compat.tests.v1.Raw/Unary", [1, 0, 0, 0, 1, 7], encoding: "snappy");

        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.Contains("gzip", response.Headers.GetValues("grpc-accept-encoding").Single());
        Assert.Contains("identity", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    private sealed class Recorder() : DelegatingHandler(new SocketsHttpHandler())
    {
        public HttpResponseMessage? Response { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Response = await base.SendAsync(request, cancellationToken);
    }
}

/// <summary>Requests beneath the client, to see the wire.</summary>
internal static class Http
{
    public static async Task<HttpResponseMessage> PostAsync(
        string address, string path, byte[] body, string? contentType = "application/grpc", string? encoding = null, Version? version = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, address + path)
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        if (encoding is not null)
            request.Headers.Add("grpc-encoding", encoding);
        return await client.SendAsync(request);
    }
}
