using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>Gradient frames of their real size over a real connection, set up as a worker's.</summary>
public sealed class CollectiveTransferTests
{
    [Fact]
    public async Task Exchange_ManyLargeFrames_ArriveWithoutMemoryOfTheirOwn()
    {
        const int WarmUp = 32,
            Measured = 256;
        var options = new CollectiveOptions { Timeout = TestGroup.Timeout };
        await using var app = await StartAsync(options);
        using var channel = CollectiveChannel.Open(new Uri(app.Urls.First()), options);
        using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(CollectiveWire.Exchange, null, new CallOptions());
        var gradient = new float[options.FrameFloats];
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] = i;
        }

        for (var i = 0; i < WarmUp; i++)
        {
            await SendAsync();
        }
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Measured; i++)
        {
            await SendAsync();
        }
        await call.RequestStream.CompleteAsync();
        var result = await call.ResponseAsync;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.Equal(WarmUp + Measured, result.Frames);
        // A single array for each payload, on either side, would be all of it.
        Assert.True(
            allocated < Measured * (long)options.FrameBytes / 4,
            $"{allocated:N0} bytes for {Measured} frames of {options.FrameBytes:N0}"
        );

        Task SendAsync() =>
            call.RequestStream.WriteAsync(
                new CollectiveFrame
                {
                    Step = 1,
                    Kind = FrameKind.Reduce,
                    Floats = gradient,
                }
            );
    }

    private static async Task<WebApplication> StartAsync(CollectiveOptions options)
    {
        var host = new CollectiveHost(options, TimeProvider.System, NullLoggerFactory.Instance);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        host.AddServices(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            host.ConfigureKestrel(kestrel);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        app.MapGrpcService<Receiver>();
        await app.StartAsync();
        return app;
    }

    /// <summary>Checks each frame's ends and gives its memory back, as a group does once it is added.</summary>
    private sealed class Receiver : CollectiveWire.ServiceBase
    {
        public override async Task<ExchangeResult> Exchange(IAsyncStreamReader<CollectiveFrame> requestStream, ServerCallContext context)
        {
            var result = new ExchangeResult();
            await foreach (var frame in requestStream.ReadAllAsync(context.CancellationToken))
            {
                using var received = frame.Received!;
                if (received.Floats.Span[1] != 1 || received.Floats.Span[^1] != received.Floats.Length - 1)
                {
                    throw new RpcException(new Status(StatusCode.DataLoss, $"frame {result.Frames}"));
                }
                result.Frames++;
            }

            return result;
        }
    }
}
