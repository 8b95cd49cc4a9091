using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TrainingCluster.Access;
using TrainingCluster.Security;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Tests.Access;

public sealed class JwtVerifierTests : IDisposable
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "training-cluster";
    private static readonly DateTime s_now = TimeProvider.System.GetUtcNow().UtcDateTime;
    private readonly TemporaryFolder _folder = new();
    private readonly ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "k1" };

    public void Dispose()
    {
        _key.ECDsa.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Verify_TokenOfTheIssuer_GrantsWhatItsClaimsSay()
    {
        var (grant, problem) = await VerifyAsync(Token());
        Assert.Equal("", problem);
        Assert.Equal(new AccessGrant("ada", AccessRole.Submitter, "team-a"), grant);
    }

    [Theory]
    [InlineData("cluster_role", "root", "claim cluster_role is 'root'")]
    [InlineData("cluster_role", "2", "claim cluster_role is '2'")]
    [InlineData("cluster_namespace", "Team A", "claim cluster_namespace is 'Team A'")]
    [InlineData("cluster_namespace", "", "no claim cluster_namespace")]
    public async Task Verify_ClaimsThatCannotBe_AreNamed(string claim, string value, string why) =>
        Assert.Contains(why, (await VerifyAsync(Token(claims => claims[claim] = value))).Problem, StringComparison.Ordinal);

    [Fact]
    public async Task Verify_WhatIsNotTheIssuersWord_IsRefused()
    {
        Assert.Contains("expired", (await VerifyAsync(Token(expires: s_now.AddHours(-1)))).Problem, StringComparison.Ordinal);
        Assert.Contains("audience", (await VerifyAsync(Token(audience: "others"))).Problem, StringComparison.Ordinal);
        Assert.Contains("issuer", (await VerifyAsync(Token(issuer: "https://other.example"))).Problem, StringComparison.Ordinal);
        Assert.Contains("no JSON Web Token", (await VerifyAsync("nonsense")).Problem, StringComparison.Ordinal);
        var token = Token();
        var altered = token[..(token.LastIndexOf('.') + 1)] + new string('A', 86);
        Assert.Contains("signature", (await VerifyAsync(altered)).Problem, StringComparison.Ordinal);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.NotEqual("", (await VerifyAsync(Token(key: new ECDsaSecurityKey(other) { KeyId = "k2" }))).Problem);
        // A secret that is the public key itself, and no signature at all.
        var secret = new SymmetricSecurityKey(_key.ECDsa.ExportSubjectPublicKeyInfo()) { KeyId = "k1" };
        Assert.NotEqual("", (await VerifyAsync(Token(key: secret, algorithm: SecurityAlgorithms.HmacSha256))).Problem);
        var unsigned = $"{Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{token.Split('.')[1]}.";
        Assert.NotEqual("", (await VerifyAsync(unsigned)).Problem);
    }

    [Fact]
    public async Task Verify_WithoutAKeyFile_FindsTheKeysByTheIssuersDiscoveryDocument()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var issuer = builder.Build();
        issuer.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = Address(), jwks_uri = $"{Address()}/keys" }));
        issuer.MapGet("/keys", () => Results.Text(KeySet()));
        await issuer.StartAsync(TestContext.Current.CancellationToken);

        var verifier = new JwtVerifier(Address(), Audience, keys: null);
        var (grant, problem) = await verifier.VerifyAsync(Token(issuer: Address()), TestContext.Current.CancellationToken);

        Assert.Equal(("", "ada"), (problem, grant?.Name));

        string Address() => issuer.Urls.Single();
    }

    private Task<(AccessGrant? Grant, string Problem)> VerifyAsync(string token)
    {
        var keys = Path.Combine(_folder.Path, "jwks.json");
        File.WriteAllText(keys, KeySet());
        return new JwtVerifier(Issuer, Audience, keys).VerifyAsync(token, TestContext.Current.CancellationToken);
    }

    /// <summary>The issuer's public key as it publishes it (RFC 7517).</summary>
    private string KeySet()
    {
        var point = _key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        var (x, y) = (Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y));
        return $$"""{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","use":"sig","x":"{{x}}","y":"{{y}}"}]}""";
    }

    private string Token(
        Action<Dictionary<string, object>>? change = null,
        string issuer = Issuer,
        string audience = Audience,
        DateTime? expires = null,
        SecurityKey? key = null,
        string algorithm = SecurityAlgorithms.EcdsaSha256
    )
    {
        var claims = new Dictionary<string, object>
        {
            ["sub"] = "ada",
            ["cluster_role"] = "submitter",
            ["cluster_namespace"] = "team-a",
        };
        change?.Invoke(claims);
        return new JsonWebTokenHandler().CreateToken(
            new SecurityTokenDescriptor
            {
                Issuer = issuer,
                Audience = audience,
                NotBefore = s_now.AddHours(-2),
                Expires = expires ?? s_now.AddHours(1),
                Claims = claims,
                SigningCredentials = new(key ?? _key, algorithm),
            }
        );
    }
}
