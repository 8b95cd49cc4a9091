using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TrainingCluster.Security;

namespace TrainingCluster.Cli.Security;

/// <summary>What a CA has signed.</summary>
/// <param name="Pem">The certificate.</param>
/// <param name="KeyPem">Its private key, PKCS#8.</param>
/// <param name="Hosts">Names and addresses that it is good for.</param>
/// <param name="Ends">The last second of its life.</param>
internal sealed record IssuedCertificate(string Pem, string KeyPem, IReadOnlyList<string> Hosts, DateTimeOffset Ends);

/// <summary>A CA of a cluster: ECDSA with P-256 and SHA-256, signing the programs' certificates and nothing else.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private const string Organization = "training-cluster";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const int SerialNumberBytes = 16;

    // For machines whose clocks are late.
    private static readonly TimeSpan s_backdating = TimeSpan.FromHours(1);

    private readonly X509Certificate2 _certificate;
    private readonly DateTimeOffset _now;

    private CertificateAuthority(X509Certificate2 certificate, DateTimeOffset now) => (_certificate, _now) = (certificate, now);

    /// <summary>The certificate.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>Tells it from other CAs.</summary>
    public string Name => _certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    /// <summary>The last second of its life, and of all that it signs.</summary>
    public DateTimeOffset Ends => _certificate.NotAfter;

    /// <summary>Makes a CA.</summary>
    /// <param name="now">The time. Certificates have whole seconds.</param>
    /// <param name="days">How long it lives.</param>
    /// <param name="keyPem">Its private key, PKCS#8.</param>
    public static CertificateAuthority Create(DateTimeOffset now, int days, out string keyPem)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        keyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
        var keyId = new X509SubjectKeyIdentifierExtension(new PublicKey(key), critical: false);
        // Two CAs of one name would be mistaken for one another while both are trusted.
        var request = new CertificateRequest(
            Subject($"training-cluster CA {keyId.SubjectKeyIdentifier![..8].ToLowerInvariant()}"),
            key,
            HashAlgorithmName.SHA256
        );
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: true,
                hasPathLengthConstraint: true,
                pathLengthConstraint: 0,
                critical: true
            )
        );
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true)
        );
        request.CertificateExtensions.Add(keyId);
        return new CertificateAuthority(request.CreateSelfSigned(now - s_backdating, now + TimeSpan.FromDays(days)), now);
    }

    /// <summary>Takes up a CA that was made before.</summary>
    /// <param name="certificate">Its certificate, without the key.</param>
    /// <param name="key">Its private key.</param>
    /// <param name="now">The time. Certificates have whole seconds.</param>
    /// <exception cref="ArgumentException">The two do not belong together.</exception>
    public static CertificateAuthority Of(X509Certificate2 certificate, ECDsa key, DateTimeOffset now) =>
        new(certificate.CopyWithPrivateKey(key), now);

    /// <summary>Makes a key and signs a certificate for it, by which a program answers calls and makes them.</summary>
    /// <param name="role">The program.</param>
    /// <param name="hosts">Names and addresses by which others call it, as <see cref="HostNames"/> spells them.</param>
    /// <param name="days">How long it lives; the CA's own end comes first.</param>
    public IssuedCertificate Issue(CertificateRole role, IReadOnlyList<string> hosts, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(CertificateRoles.WordOf(role)), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: false,
                hasPathLengthConstraint: false,
                pathLengthConstraint: 0,
                critical: true
            )
        );
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], critical: false)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                _certificate,
                includeKeyIdentifier: true,
                includeIssuerAndSerial: false
            )
        );
        request.CertificateExtensions.Add(NamesOf(role, hosts));
        var ends = _now + TimeSpan.FromDays(days);
        var (caBegins, caEnds) = (new DateTimeOffset(_certificate.NotBefore), Ends);
        using var certificate = request.Create(
            _certificate,
            caBegins > _now - s_backdating ? caBegins : _now - s_backdating,
            caEnds < ends ? caEnds : ends,
            SerialNumber()
        );
        return new IssuedCertificate(
            certificate.ExportCertificatePem() + "\n",
            key.ExportPkcs8PrivateKeyPem() + "\n",
            hosts,
            certificate.NotAfter
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static X509Extension NamesOf(CertificateRole role, IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }
        names.AddUri(CertificateRoles.UriOf(role));
        return names.Build();
    }

    private static X500DistinguishedName Subject(string commonName)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(Organization);
        subject.AddCommonName(commonName);
        return subject.Build();
    }

    private static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialNumberBytes);
        // A positive number of full length.
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}
