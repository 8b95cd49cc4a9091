using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using TrainingCluster.Security;

namespace TrainingCluster.Hosting;

/// <summary>TLS of the ports that Kestrel serves.</summary>
public static class TlsListening
{
    /// <summary>Serves this port with TLS, where the process has an identity.</summary>
    /// <param name="listen">The port.</param>
    /// <param name="identity">Null: plain text.</param>
    /// <param name="required">Whether callers must have a certificate.</param>
    /// <param name="roles">Whose certificates are let in. None: nobody is asked for one.</param>
    public static void UseIdentity(this ListenOptions listen, ClusterIdentity? identity, bool required, params CertificateRole[] roles)
    {
        if (identity is not null)
        {
            // With each connection anew: certificates are replaced while the process runs.
            listen.UseHttps(
                new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(identity.ForServer(required, roles)) }
            );
        }
    }
}
