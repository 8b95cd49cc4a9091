using System.Net.Security;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Security;

namespace TrainingCluster.Transport;

/// <summary>gRPC channels between the cluster's processes, and from its command line to the coordinator.</summary>
public static class ClusterChannel
{
    /// <summary>Opens a channel between two processes of the cluster; it connects at the first call.</summary>
    /// <param name="address"><c>http://host:port</c>, or <c>https://</c> where processes have identities.</param>
    /// <param name="identity">This process'; null: it has none.</param>
    /// <param name="peer">The role that the other must have, where identities are used.</param>
    /// <param name="configure">Changes to the handler's defaults.</param>
    public static GrpcChannel Open(
        string address,
        ClusterIdentity? identity,
        CertificateRole peer,
        Action<SocketsHttpHandler>? configure = null
    ) =>
        Open(
            address,
            handler =>
            {
                identity?.ForClient(handler.SslOptions, peer);
                configure?.Invoke(handler);
            }
        );

    /// <summary>Opens a channel; it connects at the first call.</summary>
    /// <param name="address"><c>http://host:port</c> or <c>https://host:port</c>.</param>
    /// <param name="configure">Changes to the handler's defaults.</param>
    /// <param name="credentials">What each call shows; null: nothing.</param>
    /// <remarks>
    /// Never through a proxy: <c>http_proxy</c> in the environment is for the web, and no proxy could reach the cluster's addresses.
    /// Messages have no limit here; who sends bounds them.
    /// </remarks>
    public static GrpcChannel Open(string address, Action<SocketsHttpHandler> configure, ChannelCredentials? credentials = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            EnableMultipleHttp2Connections = true,
            SslOptions = new SslClientAuthenticationOptions(),
        };
        configure(handler);
        return GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = handler,
                Credentials = credentials,
                DisposeHttpClient = true,
                MaxReceiveMessageSize = null,
                MaxSendMessageSize = null,
            }
        );
    }
}
