using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TrainingCluster.Security;

/// <summary>The CAs that a process or a client trusts: one, or two while one takes the other's place.</summary>
public sealed class CertificateAuthorities
{
    private readonly X509Certificate2Collection _certificates;

    private CertificateAuthorities(X509Certificate2Collection certificates) => _certificates = certificates;

    /// <summary>Reads them from PEM.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="place">Where it is from, for messages.</param>
    /// <exception cref="InvalidDataException">There is no certificate in it.</exception>
    public static CertificateAuthorities Parse(string pem, string place) => new(Certificates(pem, place));

    /// <summary>Why a certificate is not to be trusted, for people; null: it is.</summary>
    /// <param name="certificate">A peer's, or one's own.</param>
    /// <param name="between">Certificates that may lie between it and a CA.</param>
    /// <param name="roles">It must have one of them.</param>
    /// <remarks>Names are not looked at: pods come and go by address, and what a process may do is said by its role.</remarks>
    public string? Problem(X509Certificate2 certificate, X509Certificate2Collection? between, params ReadOnlySpan<CertificateRole> roles)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.AddRange(_certificates);
        if (between is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(between);
        }
        var trusted = chain.Build(certificate);
        var problem = string.Join("; ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Where(text => text.Length > 0));
        foreach (var element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }
        if (!trusted)
        {
            return $"the certificate {certificate.Subject} is not of this cluster's CA, or is over: {problem}";
        }
        var role = CertificateRoles.RoleOf(certificate);
        if (role is { } had && roles.Contains(had))
        {
            return null;
        }
        var wanted = string.Join(" or ", roles.ToArray().Select(CertificateRoles.WordOf));
        var shown = role is { } other ? CertificateRoles.WordOf(other) : "process without a role";
        return $"the certificate {certificate.Subject} is of a {shown}, not of a {wanted}";
    }

    /// <exception cref="InvalidDataException">There is no certificate in it.</exception>
    internal static X509Certificate2Collection Certificates(string pem, string place)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"{place} cannot be read: {e.Message}", e);
        }
        return found.Count > 0 ? found : throw new InvalidDataException($"{place} has no certificate in PEM");
    }
}
