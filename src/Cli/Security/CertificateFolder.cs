using TrainingCluster.Security;

namespace TrainingCluster.Cli.Security;

/// <summary>
/// Where the files are that a cluster's programs and clients need to trust one another: a folder for each of them, with the names that
/// Kubernetes gives to secrets of TLS.
/// </summary>
/// <param name="Root">The folder, by its full path.</param>
internal sealed record CertificateFolder(string Root)
{
    /// <summary>The CA's certificate, and those of older CAs that are still trusted.</summary>
    public string Authority => Path.Combine(Root, "ca", IdentityFiles.AuthoritiesFile);

    /// <summary>The CA's private key, which no program needs.</summary>
    public string AuthorityKey => Path.Combine(Root, "ca", "ca.key");

    /// <summary>The token file, for the coordinator.</summary>
    public string Tokens => Path.Combine(Root, "tokens");

    /// <summary>The CA's certificates, for clients.</summary>
    public string ClientAuthority => Path.Combine(Root, "client", IdentityFiles.AuthoritiesFile);

    /// <summary>The first token, in plain text.</summary>
    public string ClientToken => Path.Combine(Root, "client", "token");

    /// <summary>A program's folder.</summary>
    public string Of(CertificateRole role) => Path.Combine(Root, CertificateRoles.WordOf(role));

    /// <summary>The CA's certificates, for a program.</summary>
    public string AuthorityOf(CertificateRole role) => Path.Combine(Of(role), IdentityFiles.AuthoritiesFile);

    /// <summary>A program's certificate.</summary>
    public string CertificateOf(CertificateRole role) => Path.Combine(Of(role), IdentityFiles.CertificateFile);

    /// <summary>A program's private key.</summary>
    public string KeyOf(CertificateRole role) => Path.Combine(Of(role), IdentityFiles.KeyFile);
}
