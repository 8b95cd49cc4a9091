using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Security;

/// <summary>Reads certificates and keys, and says what is wrong with them.</summary>
internal static class CertificateFiles
{
    private const string RestoreOrDelete = "Restore it from a copy, or delete it";
    private const string RestoreOrRenew = "restore it from a copy, or make a new CA with --new-ca";

    /// <summary>The CA's certificates that are there: its own, and after it older ones. None: there is no such file.</summary>
    /// <exception cref="CliException">The file is damaged.</exception>
    public static IReadOnlyList<X509Certificate2> ReadTrusted(CertificateFolder folder)
    {
        var path = folder.Authority;
        if (!File.Exists(path))
        {
            return [];
        }
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(File.ReadAllText(path));
        }
        catch (CryptographicException exception)
        {
            throw CliException.BadUsage($"{path} holds a damaged certificate. {RestoreOrDelete}", exception);
        }
        return certificates.Count > 0 ? [.. certificates] : throw CliException.BadUsage($"{path} holds no certificate. {RestoreOrDelete}");
    }

    /// <summary>Takes up the CA that is there.</summary>
    /// <param name="certificate">Its certificate. Null: there is none.</param>
    /// <param name="folder">Has the key.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CliException">It cannot sign: a half of it is missing, damaged or another's, it has ended,
    /// or it is no CA.</exception>
    public static CertificateAuthority ReadAuthority(X509Certificate2? certificate, CertificateFolder folder, DateTimeOffset now)
    {
        var (path, keyPath) = (folder.Authority, folder.AuthorityKey);
        if (certificate is null || !File.Exists(keyPath))
        {
            var (there, missing) = certificate is null ? (keyPath, path) : (path, keyPath);
            throw CliException.BadUsage($"{there} is there, but {missing} is not; {RestoreOrRenew}");
        }
        using var key = ReadKey(keyPath);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            throw CliException.BadUsage($"{path} does not belong to {keyPath}; {RestoreOrRenew}");
        }
        if (!MaySign(certificate))
        {
            throw CliException.BadUsage($"{path} begins with no certificate of a CA; {RestoreOrRenew}");
        }
        if (certificate.NotAfter <= now)
        {
            throw CliException.BadUsage($"the CA of {path} ended on {Day(certificate.NotAfter)}; make a new one with --new-ca");
        }
        if (certificate.NotBefore > now)
        {
            throw CliException.BadUsage($"the CA of {path} begins on {Day(certificate.NotBefore)}; is this machine's clock right?");
        }
        return CertificateAuthority.Of(certificate, key, now);
    }

    /// <summary>Hosts that a program's certificate names. Empty: there is no such file.</summary>
    /// <exception cref="CliException">It is damaged.</exception>
    public static IReadOnlyList<string> HostsOf(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return
            [
                .. certificate
                    .Extensions.OfType<X509SubjectAlternativeNameExtension>()
                    .SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => $"{address}"))),
            ];
        }
        catch (CryptographicException exception)
        {
            throw CliException.BadUsage($"{path} holds a damaged certificate. Delete it, and name its hosts again", exception);
        }
    }

    private static ECDsa ReadKey(string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            return key;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw CliException.BadUsage($"{path} holds no ECDSA key, an encrypted one or a damaged one; {RestoreOrRenew}", exception);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static bool MaySign(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority)
        && certificate.Extensions.OfType<X509KeyUsageExtension>().All(usage => usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));

    private static string Day(DateTime time) => Text.Invariant($"{time.ToUniversalTime():yyyy-MM-dd}");
}
