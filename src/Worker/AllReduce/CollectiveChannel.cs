using Grpc.Net.Client;
using TrainingCluster.Security;
using TrainingCluster.Transport;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Connections for bulk streams: windows raised, a dead peer noticed.</summary>
internal static class CollectiveChannel
{
    public static GrpcChannel Open(Uri address, CollectiveOptions options) =>
        ClusterChannel.Open(
            address.AbsoluteUri,
            options.Identity,
            CertificateRole.Worker,
            handler =>
            {
                handler.EnableMultipleHttp2Connections = false;
                // The machine of a living peer answers at once, whatever the peer does; one that is cut off never does.
                handler.ConnectTimeout = options.ToConnect;
                handler.InitialHttp2StreamWindowSize = options.StreamWindowBytes;
                handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
                // A stopped process keeps its sockets open; only an unanswered ping tells.
                handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
                handler.KeepAlivePingDelay = TimeSpan.FromSeconds(Math.Max(1, options.Timeout.TotalSeconds / 4));
                handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(Math.Max(1, options.Timeout.TotalSeconds / 2));
            }
        );
}
