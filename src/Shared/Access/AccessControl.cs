using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>
/// Tells who makes a call: a worker by its certificate, which the handshake has held against the CA; a client by a token in the header
/// <c>authorization</c>.
/// </summary>
public sealed class AccessControl
{
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    // More is no token of ours, and is not looked at.
    private const int LongestHeader = 16 * 1024;

    private readonly ReloadedFile<AccessTokens>? _tokens;
    private readonly JwtVerifier? _jwt;

    /// <summary>Reads what callers are held against.</summary>
    /// <param name="options">How clients show who they are; if not at all, nobody is asked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of files that cannot be read any more.</param>
    /// <exception cref="InvalidDataException">The token file cannot be used.</exception>
    public AccessControl(AccessOptions options, TimeProvider time, ILogger<AccessControl> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _tokens = options.Tokens is { } path ? new(path, AccessTokens.Parse, time, logger) : null;
        _jwt = options.JwtIssuer is { } issuer ? new(issuer, options.JwtAudience, options.JwtKeys) : null;
    }

    /// <summary>Whether callers are asked who they are.</summary>
    public bool Asks => _tokens is not null || _jwt is not null;

    /// <summary>Who makes a call; null: it is not known, and why.</summary>
    public async Task<(Caller? Caller, string Problem)> IdentifyAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!Asks)
        {
            return (Caller.Anyone, "");
        }
        if (context.Connection.ClientCertificate is { } certificate && CertificateRoles.RoleOf(certificate) == CertificateRole.Worker)
        {
            return (Caller.Worker, "");
        }
        if (TokenOf(context.Request.Headers.Authorization.ToString()) is not { } token)
        {
            return (null, "the call shows no token: send the header 'authorization: Bearer TOKEN' (CLUSTER_TOKEN_FILE for ./cluster)");
        }
        if (_tokens?.Value.Find(token) is { } grant)
        {
            return (new(grant, false), "");
        }
        if (_jwt is null)
        {
            return (null, "this server does not know this token");
        }
        var (granted, problem) = await _jwt.VerifyAsync(token, context.RequestAborted);
        return granted is null ? (null, problem) : (new(granted, false), "");
    }

    /// <summary>The token in a header. Browsers ask people for a name and a password, which is the token.</summary>
    private static string? TokenOf(string header)
    {
        if (header.Length > LongestHeader)
        {
            return null;
        }
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }
        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        var bytes = new byte[header.Length];
        return
            Convert.TryFromBase64String(header[Basic.Length..].Trim(), bytes, out var count)
            && Encoding.UTF8.GetString(bytes, 0, count) is var pair
            && pair.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon
            ? pair[(colon + 1)..]
            : null;
    }
}
