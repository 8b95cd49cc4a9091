using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>
/// Holds JSON Web Tokens against their issuer's keys (RFC 7519). What a token grants is in its claims <c>cluster_role</c> and
/// <c>cluster_namespace</c>; <c>sub</c> is the name.
/// </summary>
internal sealed class JwtVerifier
{
    private const string RoleClaim = "cluster_role";
    private const string NamespaceClaim = "cluster_namespace";
    private const int LongestName = 63;
    private readonly JsonWebTokenHandler _handler = new();
    private readonly TokenValidationParameters _parameters;

    /// <param name="issuer">As <c>iss</c> says.</param>
    /// <param name="audience">As <c>aud</c> says.</param>
    /// <param name="keys">File or URL of the keys; null: the issuer's discovery document names them.</param>
    public JwtVerifier(string issuer, string audience, string? keys)
    {
        var isUrl = Uri.TryCreate(keys ?? issuer, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
        if (!isUrl && keys is null)
        {
            throw new InvalidDataException($"--jwt-issuer {issuer}: this is no URL, so its keys cannot be found; give --jwt-keys FILE too");
        }
        IDocumentRetriever documents = isUrl ? new HttpDocumentRetriever { RequireHttps = !url!.IsLoopback } : new FileDocumentRetriever();
        // Asks again when a token names a key that it does not know.
        var manager = keys is null
            ? new ConfigurationManager<OpenIdConnectConfiguration>(
                $"{issuer.TrimEnd('/')}/.well-known/openid-configuration",
                new OpenIdConnectConfigurationRetriever(),
                documents
            )
            : new ConfigurationManager<OpenIdConnectConfiguration>(keys, new KeySetRetriever(), documents);
        manager.RefreshInterval = TimeSpan.FromSeconds(5);
        _parameters = new()
        {
            ValidIssuer = issuer,
            ValidAudience = audience,
            ConfigurationManager = manager,
            ClockSkew = TimeSpan.FromSeconds(30),
            // A key that only the issuer has: with a shared secret whoever verifies could issue.
            ValidAlgorithms =
            [
                SecurityAlgorithms.EcdsaSha256,
                SecurityAlgorithms.EcdsaSha384,
                SecurityAlgorithms.EcdsaSha512,
                SecurityAlgorithms.RsaSha256,
                SecurityAlgorithms.RsaSha384,
                SecurityAlgorithms.RsaSha512,
                SecurityAlgorithms.RsaSsaPssSha256,
                SecurityAlgorithms.RsaSsaPssSha384,
                SecurityAlgorithms.RsaSsaPssSha512,
            ],
        };
    }

    /// <summary>What a token grants; null: nothing, and why.</summary>
    public async Task<(AccessGrant? Grant, string Problem)> VerifyAsync(string token, CancellationToken cancellationToken)
    {
        var result = await _handler.ValidateTokenAsync(token, _parameters).WaitAsync(cancellationToken);
        if (!result.IsValid)
        {
            return (null, $"the token is not valid: {Reason(result.Exception)}");
        }
        var claims = result.ClaimsIdentity;
        var role = claims.FindFirst(RoleClaim)?.Value ?? "";
        if (AccessTokens.RoleOf(role) is not { } granted)
        {
            return (null, $"the token's claim {RoleClaim} is '{role}'; it must be viewer, submitter or operator");
        }
        if (claims.FindFirst(NamespaceClaim)?.Value is not { Length: > 0 } name)
        {
            return (null, $"the token has no claim {NamespaceClaim}: the name of a namespace, or {AccessGrant.AllNamespaces} for all");
        }
        if (name != AccessGrant.AllNamespaces && !Namespaces.IsName(name))
        {
            return (null, $"the token's claim {NamespaceClaim} is '{name}': {Namespaces.Rule}");
        }
        var subject = string.Concat((claims.FindFirst("sub")?.Value ?? "jwt").Take(LongestName).Where(c => !char.IsControl(c)));
        return (new(subject, granted, name), "");
    }

    /// <summary>Without what the token holds.</summary>
    private static string Reason(Exception? exception) =>
        exception switch
        {
            SecurityTokenExpiredException => "it has expired",
            SecurityTokenNotYetValidException => "it is not valid yet",
            SecurityTokenInvalidAudienceException => "it is for another audience",
            SecurityTokenInvalidIssuerException => "it is of another issuer",
            SecurityTokenSignatureKeyNotFoundException => "its key is none of the issuer's",
            SecurityTokenInvalidSignatureException => "its signature is wrong",
            SecurityTokenInvalidAlgorithmException => "its algorithm is none that is taken",
            SecurityTokenMalformedException => "it is no JSON Web Token",
            InvalidOperationException or IOException or HttpRequestException => "the issuer's keys cannot be had",
            _ => "it cannot be verified",
        };

    /// <summary>Keys alone, without a discovery document.</summary>
    private sealed class KeySetRetriever : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        async Task<OpenIdConnectConfiguration> IConfigurationRetriever<OpenIdConnectConfiguration>.GetConfigurationAsync(
            string address,
            IDocumentRetriever retriever,
            CancellationToken cancellationToken
        )
        {
            var keys = new JsonWebKeySet(await retriever.GetDocumentAsync(address, cancellationToken));
            var configuration = new OpenIdConnectConfiguration { JsonWebKeySet = keys };
            foreach (var key in keys.GetSigningKeys())
            {
                configuration.SigningKeys.Add(key);
            }
            return configuration;
        }
    }
}
