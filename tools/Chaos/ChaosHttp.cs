using TrainingCluster.Security;
using TrainingCluster.Transport;

namespace TrainingCluster.Chaos;

/// <summary>How the run reads the pages of its processes.</summary>
internal static class ChaosHttp
{
    /// <summary>Takes the certificates of any of them.</summary>
    public static SocketsHttpHandler Handler(ClientAccess access)
    {
        var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1), UseProxy = false };
        access.Configure(handler.SslOptions, CertificateRole.Coordinator, CertificateRole.Worker);
        return handler;
    }
}
