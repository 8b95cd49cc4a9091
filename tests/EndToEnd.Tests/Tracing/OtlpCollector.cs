using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.EndToEnd.Tests.Tracing;

/// <summary>A collector that takes traces over OTLP, by gRPC and by HTTP, and keeps them in memory.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    // Compressed or not, length of the message.
    private const int GrpcPrefix = 5;
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Span> _spans = new();

    private OtlpCollector(WebApplication app) => _app = app;

    public IReadOnlyCollection<Span> Spans => _spans;

    public string GrpcAddress => _app.Urls.First();

    public string HttpAddress => _app.Urls.Last();

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", collector.TakeGrpcAsync);
        app.MapPost("/v1/traces", collector.TakeHttpAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeGrpcAsync(HttpContext http)
    {
        var body = await BodyAsync(http);
        Assert.Equal(0, body[0]);
        Take(body[GrpcPrefix..(GrpcPrefix + BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)))]);
        http.Response.ContentType = "application/grpc";
        http.Response.DeclareTrailer("grpc-status");
        await http.Response.Body.WriteAsync(new byte[GrpcPrefix]);
        http.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task TakeHttpAsync(HttpContext http)
    {
        Take(await BodyAsync(http));
        http.Response.ContentType = "application/x-protobuf";
    }

    private void Take(byte[] request)
    {
        foreach (var span in Span.Of(request))
        {
            _spans.Enqueue(span);
        }
    }

    private static async Task<byte[]> BodyAsync(HttpContext http)
    {
        using var memory = new MemoryStream();
        await http.Request.Body.CopyToAsync(memory);
        return memory.ToArray();
    }
}
