using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using TrainingCluster.Security;

namespace TrainingCluster.Transport;

/// <summary>Whom a client trusts, and what it shows.</summary>
/// <param name="Authorities">The CAs of the cluster; null: those of the machine.</param>
/// <param name="Token">Null: none.</param>
public sealed record ClientAccess(CertificateAuthorities? Authorities, string? Token)
{
    /// <summary>File of the cluster's CAs (ca.crt).</summary>
    public const string AuthoritiesVariable = "CLUSTER_CA";

    /// <summary>The token itself.</summary>
    public const string TokenVariable = "CLUSTER_TOKEN";

    /// <summary>File that holds the token.</summary>
    public const string TokenFileVariable = "CLUSTER_TOKEN_FILE";

    /// <summary>What an address without a scheme means.</summary>
    public string Scheme => Authorities is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;

    /// <summary>As the environment says.</summary>
    /// <exception cref="InvalidDataException">A file that it names cannot be used.</exception>
    public static ClientAccess FromEnvironment() =>
        From(
            Variable(AuthoritiesVariable),
            Variable(TokenVariable) ?? (Variable(TokenFileVariable) is { } file ? Text(TokenFileVariable, file).Trim() : null)
        );

    /// <summary>With a file of CAs.</summary>
    /// <exception cref="InvalidDataException">It cannot be used.</exception>
    public static ClientAccess From(string? authorities, string? token)
    {
        if (authorities is null)
        {
            return new(null, token);
        }
        var text = Text(AuthoritiesVariable, authorities);
        try
        {
            return new(CertificateAuthorities.Parse(text, authorities), token);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{AuthoritiesVariable}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Trusts processes of the cluster's CA. Their names are not looked at: the role in the certificate says what they are.
    /// </summary>
    /// <param name="options">Filled in.</param>
    /// <param name="roles">Who may answer.</param>
    public void Configure(SslClientAuthenticationOptions options, params CertificateRole[] roles)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Authorities is not { } authorities)
        {
            return;
        }
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
        {
            if (certificate is null)
            {
                return false;
            }
            using var copy = new X509Certificate2(certificate);
            return authorities.Problem(copy, chain?.ChainPolicy.ExtraStore, roles) is { } problem
                ? throw new AuthenticationException(problem)
                : true;
        };
    }

    /// <summary>Reads a coordinator's address.</summary>
    /// <param name="address"><c>http://host:port</c>, <c>https://host:port</c> or <c>host:port</c>.</param>
    /// <exception cref="InvalidDataException">This is no address.</exception>
    public Uri AddressOf(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var text = address.Contains("://", StringComparison.Ordinal) ? address : $"{Scheme}://{address}";
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https") && uri.Host.Length > 0
            ? uri
            : throw new InvalidDataException($"--coordinator {address}: this is no address; write it as http://host:port");
    }

    /// <summary>What each call to an address shows; null: nothing.</summary>
    /// <param name="address">Where calls go.</param>
    /// <exception cref="InvalidDataException">The token would be sent as plain text.</exception>
    public ChannelCredentials? CredentialsFor(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (Token is not { } token)
        {
            return null;
        }
        if (address.Scheme == Uri.UriSchemeHttps)
        {
            return ChannelCredentials.Create(
                ChannelCredentials.SecureSsl,
                CallCredentials.FromInterceptor(
                    (_, metadata) =>
                    {
                        metadata.Add("authorization", $"Bearer {token}");
                        return Task.CompletedTask;
                    }
                )
            );
        }
        return address.IsLoopback
            ? null
            : throw new InvalidDataException(
                $"--coordinator {address.GetLeftPart(UriPartial.Authority)}: the token would be sent as plain text; write https://"
            );
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string Text(string variable, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{variable}: {path} cannot be read: {e.Message}", e);
        }
    }
}
