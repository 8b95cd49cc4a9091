using System.Security.Cryptography.X509Certificates;
using TrainingCluster.Security;

namespace TrainingCluster.Cli.Security;

/// <summary>Certificates of one cluster, and what they need.</summary>
internal static class ClusterCertificates
{
    /// <summary>The name of the token that is made with the first certificates.</summary>
    public const string FirstToken = "admin";

    /// <summary>
    /// Fills a folder.
    /// 1. Take up the CA that is there, or make one. Older CAs stay trusted until they end.
    /// 2. Make the programs' keys, and sign certificates for them.
    /// 3. Make a first token, unless there is a token file.
    /// 4. Write all of it beside what is there, and only then rename. CAs come first: by them programs trust what follows.
    /// </summary>
    /// <param name="folder">Where. What is missing is made.</param>
    /// <param name="options">What to make.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CliException">What is there cannot be used.</exception>
    public static MadeCertificates Make(CertificateFolder folder, ClusterCertificatesOptions options, TimeProvider time)
    {
        // Certificates know whole seconds.
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        using var files = new PrivateFileSet();

        // 1.
        var trusted = CertificateFiles.ReadTrusted(folder);
        var isNew = options.NewCa || (trusted.Count == 0 && !File.Exists(folder.AuthorityKey));
        using var authority = isNew
            ? CreateAuthority(folder, options, now, files)
            : CertificateFiles.ReadAuthority(trusted.Count > 0 ? trusted[0] : null, folder, now);
        var older = trusted.Skip(isNew ? 0 : 1).Where(certificate => certificate.NotAfter > now).ToList();
        WriteTrusted(folder, authority, older, files);

        // 2.
        var coordinator = Issue(CertificateRole.Coordinator, options.CoordinatorHosts);
        var worker = Issue(CertificateRole.Worker, options.WorkerHosts);
        var serving = Issue(CertificateRole.Serving, options.ServingHosts);

        // 3.
        var areTokensNew = !File.Exists(folder.Tokens);
        if (areTokensNew)
        {
            var token = AccessTokens.NewToken();
            files.Write(folder.ClientToken, token + "\n");
            var grant = new AccessGrant(FirstToken, AccessRole.Operator, AccessGrant.AllNamespaces);
            files.Write(folder.Tokens, TokenFile.With(token, grant));
        }

        // 4.
        files.Publish();
        return new MadeCertificates(authority.Name, authority.Ends, isNew, older.Count, coordinator, worker, serving, areTokensNew);

        IssuedCertificate Issue(CertificateRole role, IReadOnlyList<string> hosts)
        {
            // Who renews certificates need not know by which names they are called.
            var others = hosts.Count > 0 ? hosts : CertificateFiles.HostsOf(folder.CertificateOf(role));
            var issued = authority.Issue(role, [.. HostNames.OfThisMachine.Union(others)], options.Days);
            files.Write(folder.KeyOf(role), issued.KeyPem);
            files.Write(folder.CertificateOf(role), issued.Pem);
            return issued;
        }
    }

    private static CertificateAuthority CreateAuthority(
        CertificateFolder folder,
        ClusterCertificatesOptions options,
        DateTimeOffset now,
        PrivateFileSet files
    )
    {
        var authority = CertificateAuthority.Create(now, options.CaDays, out var keyPem);
        files.Write(folder.AuthorityKey, keyPem);
        return authority;
    }

    private static void WriteTrusted(
        CertificateFolder folder,
        CertificateAuthority authority,
        IEnumerable<X509Certificate2> older,
        PrivateFileSet files
    )
    {
        var bundle = string.Concat(older.Select(certificate => certificate.ExportCertificatePem() + "\n").Prepend(authority.Pem));
        foreach (var role in Enum.GetValues<CertificateRole>())
        {
            files.Write(folder.AuthorityOf(role), bundle);
        }
        files.Write(folder.ClientAuthority, bundle);
        files.Write(folder.Authority, bundle);
    }
}

/// <summary>What <see cref="ClusterCertificates.Make"/> has made.</summary>
/// <param name="AuthorityName">Tells the CA from others.</param>
/// <param name="AuthorityEnds">The CA's last second.</param>
/// <param name="IsAuthorityNew">False: it is the one that was there.</param>
/// <param name="OlderAuthorities">How many older CAs are trusted besides.</param>
/// <param name="Coordinator">The coordinator's certificate.</param>
/// <param name="Worker">The workers' certificate.</param>
/// <param name="Serving">The certificate of servers of translations.</param>
/// <param name="AreTokensNew">False: the token file is the one that was there.</param>
internal sealed record MadeCertificates(
    string AuthorityName,
    DateTimeOffset AuthorityEnds,
    bool IsAuthorityNew,
    int OlderAuthorities,
    IssuedCertificate Coordinator,
    IssuedCertificate Worker,
    IssuedCertificate Serving,
    bool AreTokensNew
);
