using Grpc.Net.Client;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Connections for bulk streams: windows raised, a dead peer noticed.</summary>
internal static class CollectiveChannel
{
    public static GrpcChannel Open(Uri address, CollectiveOptions options) =>
        GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = new SocketsHttpHandler
                {
                    UseProxy = false,
                    ConnectTimeout = options.Timeout,
                    InitialHttp2StreamWindowSize = options.StreamWindowBytes,
                    PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                    // A stopped process keeps its sockets open; only an unanswered ping tells.
                    KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
                    KeepAlivePingDelay = TimeSpan.FromSeconds(Math.Max(1, options.Timeout.TotalSeconds / 4)),
                    KeepAlivePingTimeout = TimeSpan.FromSeconds(Math.Max(1, options.Timeout.TotalSeconds / 2)),
                },
                DisposeHttpClient = true,
                MaxReceiveMessageSize = null,
                MaxSendMessageSize = null,
            }
        );
}
