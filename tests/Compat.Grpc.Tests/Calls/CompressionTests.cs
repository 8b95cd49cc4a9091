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
