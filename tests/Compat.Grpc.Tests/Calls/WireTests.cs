using System.Net;
using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Compat.Grpc.Tests.Calls;

public sealed class WireTests
{
    private const string Path = "/compat.tests.v1.Raw/Unary";

    [Fact]
    public async Task Post_OneMessage_FramedAnswerAndStatusInTrailers()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await Http.PostAsync(server.Address, Path, [0, 0, 0, 0, 2, 7, 8]);

        Assert.Equal([0, 0, 0, 0, 2, 7, 8], await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("application/grpc", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Theory]
    [InlineData("application/grpc+proto", HttpStatusCode.OK)]
    [InlineData("application/grpcx", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData(null, HttpStatusCode.UnsupportedMediaType)]
    public async Task Post_ContentType_OnlyGrpcIsServed(string? contentType, HttpStatusCode expected)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await Http.PostAsync(server.Address, Path, [0, 0, 0, 0, 0], contentType);

        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 })]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, 7 })]
    public async Task Post_BadFrames_Internal(byte[] body)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await Http.PostAsync(server.Address, Path, body);

        Assert.Equal("13", response.Headers.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Post_Http1_UpgradeRequired()
    {
        await using var server = await TestServer.StartAsync(protocols: HttpProtocols.Http1);

        using var response = await Http.PostAsync(server.Address, Path, [0, 0, 0, 0, 0], version: HttpVersion.Version11);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(503, StatusCode.Unavailable)]
    public async Task Client_HttpStatusWithoutGrpcStatus_IsMapped(int http, StatusCode expected)
    {
        await using var server = await TestServer.StartAsync(map: application => application.MapPost("/plain.Service/Call", () => Results.StatusCode(http)));
        var method = new Method<Blob, Blob>(
            MethodType.Unary, "plain.Service", "Call", Raw.Unary.RequestMarshaller, Raw.Unary.ResponseMarshaller);

        using var call = server.Invoker().AsyncUnaryCall(method, null, default, new Blob([1]));
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(expected, failure.StatusCode);
    }

    [Fact]
    public async Task Client_AnswerOfAnotherContentType_Fails()
    {
        await using var server = await TestServer.StartAsync(map: application => application.MapPost("/plain.Service/Call", () => "hello"));
        var method = new Method<Blob, Blob>(
            MethodType.Unary, "plain.Service", "Call", Raw.Unary.RequestMarshaller, Raw.Unary.ResponseMarshaller);

        using var call = server.Invoker().AsyncUnaryCall(method, null, default, new Blob([1]));
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        Assert.Contains("text/plain", failure.Status.Detail);
    }

    [Fact]
    public async Task OtherRoutes_BesideServices_AreServed()
    {
        await using var server = await TestServer.StartAsync(map: application => application.MapPost("/a/b", () => "hello"));

        using var response = await Http.PostAsync(server.Address, "/a/b", [], "text/plain");

        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
    }
}
