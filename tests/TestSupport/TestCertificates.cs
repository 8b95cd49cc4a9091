using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TrainingCluster.TestSupport;

/// <summary>A CA and identities of it, in a folder of their own.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    public TestCertificates(string name = "test CA")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-10), TimeProvider.System.GetUtcNow().AddDays(10));
        Folder = Directory.CreateTempSubdirectory("test-certificates-").FullName;
    }

    public string Folder { get; }

    public string AuthorityPem => _authority.ExportCertificatePem();

    /// <summary>Writes ca.crt, tls.crt and tls.key.</summary>
    /// <param name="name">The folder's, inside <see cref="Folder"/>.</param>
    /// <param name="role">Of the certificate; empty: none.</param>
    /// <param name="days">How long it lasts; negative: it is over.</param>
    /// <returns>The folder's path.</returns>
    public string Write(string name, string role, int days = 5)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        if (role.Length > 0)
        {
            names.AddUri(new Uri($"spiffe://training-cluster/{role}"));
        }
        request.CertificateExtensions.Add(names.Build());
        var end = TimeProvider.System.GetUtcNow().AddDays(days);
        using var certificate = request.Create(_authority, end.AddDays(-6), end, RandomNumberGenerator.GetBytes(8));
        var folder = Path.Combine(Folder, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "ca.crt"), AuthorityPem);
        return folder;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
