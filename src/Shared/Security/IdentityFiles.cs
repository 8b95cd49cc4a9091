using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TrainingCluster.Security;

/// <summary>
/// The three files of an identity, named as in a Kubernetes secret: <c>tls.crt</c> (the certificate, and those between it and the CA),
/// <c>tls.key</c>, and <c>ca.crt</c> (one CA, or two while one takes the other's place).
/// </summary>
/// <param name="Folder">Where they are.</param>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PEM.</param>
/// <param name="Authorities">PEM.</param>
public sealed record IdentityFiles(string Folder, string Certificate, string Key, string Authorities)
{
    /// <summary>The certificate's name.</summary>
    public const string CertificateFile = "tls.crt";

    /// <summary>Its key's.</summary>
    public const string KeyFile = "tls.key";

    /// <summary>The CAs'.</summary>
    public const string AuthoritiesFile = "ca.crt";

    private const long MaxBytes = 1024 * 1024;

    /// <summary>Reads the three.</summary>
    /// <exception cref="InvalidDataException">A file is not there, or cannot be read.</exception>
    public static IdentityFiles Read(string folder) =>
        new(folder, Text(folder, CertificateFile), Text(folder, KeyFile), Text(folder, AuthoritiesFile));

    /// <summary>What the files say.</summary>
    /// <exception cref="InvalidDataException">They are no certificates, or do not belong together.</exception>
    internal Credentials Parse()
    {
        var own = CertificateAuthorities.Certificates(Certificate, Path.Combine(Folder, CertificateFile));
        var authorities = CertificateAuthorities.Parse(Authorities, Path.Combine(Folder, AuthoritiesFile));
        try
        {
            return new(X509Certificate2.CreateFromPem(Certificate, Key), own, authorities);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(
                $"{Path.Combine(Folder, KeyFile)} is not the private key of {CertificateFile}: {e.Message} './cluster certs' makes files "
                    + "that belong together.",
                e
            );
        }
    }

    private static string Text(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        try
        {
            return new FileInfo(path).Length <= MaxBytes
                ? File.ReadAllText(path)
                : throw new InvalidDataException($"{path} is larger than {MaxBytes} bytes: this is no certificate");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(
                $"--tls {folder}: {name} cannot be read: {e.Message} The folder must hold {AuthoritiesFile}, {CertificateFile} and "
                    + $"{KeyFile}; './cluster certs' makes them.",
                e
            );
        }
    }
}

/// <summary>A certificate with its key, those between it and its CA, and the CAs that are trusted.</summary>
internal sealed record Credentials(X509Certificate2 Certificate, X509Certificate2Collection Chain, CertificateAuthorities Authorities);
