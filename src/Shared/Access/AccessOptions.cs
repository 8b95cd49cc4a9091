namespace TrainingCluster.Access;

/// <summary>How clients show who they are.</summary>
public sealed record AccessOptions
{
    /// <summary>File of static tokens, see docs/security.md; null: none.</summary>
    public string? Tokens { get; init; }

    /// <summary>Who issues JSON Web Tokens, as their <c>iss</c> says; null: none are taken.</summary>
    public string? JwtIssuer { get; init; }

    /// <summary>For whom they must be issued, as their <c>aud</c> says.</summary>
    public string JwtAudience { get; init; } = "training-cluster";

    /// <summary>
    /// File or URL of the issuer's keys (JWKS); null: the issuer's discovery document (<c>/.well-known/openid-configuration</c>) names
    /// them.
    /// </summary>
    public string? JwtKeys { get; init; }

    /// <summary>Whether clients can show who they are at all.</summary>
    public bool Any => Tokens is not null || JwtIssuer is not null;

    /// <summary>Makes sure that these options fit together, and those of TLS.</summary>
    /// <param name="tls">Whether the coordinator speaks TLS.</param>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public void Check(bool tls)
    {
        if (Any && !tls)
        {
            throw new InvalidDataException(
                "--tokens and --jwt-issuer need --tls: whoever listens to the network would read tokens sent as plain text"
            );
        }
        if (tls && !Any)
        {
            throw new InvalidDataException(
                "--tls needs --tokens or --jwt-issuer, or else no client could show who it is. './cluster certs' makes certificates and "
                    + "a token file."
            );
        }
        if (JwtKeys is not null && JwtIssuer is null)
        {
            throw new InvalidDataException("--jwt-keys needs --jwt-issuer");
        }
    }
}
