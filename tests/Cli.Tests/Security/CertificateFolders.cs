using System.Security.Cryptography.X509Certificates;

namespace TrainingCluster.Cli.Tests.Security;

/// <summary>What <c>certs</c> leaves, as a program reads it, and a clock for it.</summary>
internal static class CertificateFolders
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public static Task<Session> RunAsync(DateTimeOffset now, params string[] args) =>
        Session.RunAsync(terminal => CommandLine.Create(terminal with { Time = new Clock(now) }), [], args);

    /// <summary>A program's certificate with its key, which have to match.</summary>
    public static X509Certificate2 Load(string folder) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));

    public static X509Certificate2Collection LoadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities;
    }

    /// <summary>Whether a certificate may be used for something by those who trust these CAs alone.</summary>
    public static bool Verifies(X509Certificate2 certificate, string authorities, string usage, DateTimeOffset? at = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(LoadAuthorities(authorities));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new(usage));
        if (at is { } time)
        {
            chain.ChainPolicy.VerificationTime = time.UtcDateTime;
        }
        return chain.Build(certificate);
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
