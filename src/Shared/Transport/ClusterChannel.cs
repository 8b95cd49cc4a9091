using Grpc.Net.Client;

namespace TrainingCluster.Transport;

/// <summary>gRPC channels between the cluster's processes, and from its command line to the coordinator.</summary>
public static class ClusterChannel
{
    /// <summary>Opens a channel; it connects at the first call.</summary>
    /// <param name="address"><c>http://host:port</c>.</param>
    /// <param name="configure">Changes to the handler's defaults.</param>
    /// <remarks>
    /// Never through a proxy: <c>http_proxy</c> in the environment is for the web, and no proxy could reach the cluster's addresses.
    /// Messages have no limit here; who sends bounds them.
    /// </remarks>
    public static GrpcChannel Open(string address, Action<SocketsHttpHandler>? configure = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true };
        configure?.Invoke(handler);
        return GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = handler,
                DisposeHttpClient = true,
                MaxReceiveMessageSize = null,
                MaxSendMessageSize = null,
            }
        );
    }
}
