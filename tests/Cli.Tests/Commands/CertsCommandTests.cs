using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using TrainingCluster.Cli.Tests.Security;
using TrainingCluster.Security;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class CertsCommandTests : CertsTests
{
    private const UnixFileMode OwnerMayReadAndWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Certs_NewFolder_HoldsPrivateFilesAlone()
    {
        await MakeAsync();
        Assert.Equal(
            [
                "ca/ca.crt",
                "ca/ca.key",
                "client/ca.crt",
                "client/token",
                "coordinator/ca.crt",
                "coordinator/tls.crt",
                "coordinator/tls.key",
                "serving/ca.crt",
                "serving/tls.crt",
                "serving/tls.key",
                "tokens",
                "worker/ca.crt",
                "worker/tls.crt",
                "worker/tls.key",
            ],
            Contents().Keys.Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)
        );
        Assert.All(Contents().Keys, path => Assert.Equal(OwnerMayReadAndWrite, new FileInfo(path).UnixFileMode));
        Assert.All(
            Directory.EnumerateDirectories(Root).Append(Root),
            path => Assert.Equal(OwnerMayReadAndWrite | UnixFileMode.UserExecute, new FileInfo(path).UnixFileMode)
        );
    }

    [Theory]
    [InlineData("coordinator", CertificateRole.Coordinator)]
    [InlineData("worker", CertificateRole.Worker)]
    [InlineData("serving", CertificateRole.Serving)]
    public async Task Certs_OfAProgram_VerifyAndNameTheirRole(string name, CertificateRole role)
    {
        await MakeAsync();
        using var certificate = CertificateFolders.Load(At(name));

        Assert.True(CertificateFolders.Verifies(certificate, At("client/ca.crt"), CertificateFolders.ServerAuthentication));
        Assert.True(CertificateFolders.Verifies(certificate, At("worker/ca.crt"), CertificateFolders.ClientAuthentication));
        Assert.Equal(role, CertificateRoles.RoleOf(certificate));
        using var key = certificate.GetECDsaPrivateKey()!;
        Assert.Equal((256, "1.2.840.10045.3.1.7"), (key.KeySize, key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value));
        Assert.Equal("1.2.840.10045.4.3.2", certificate.SignatureAlgorithm.Value); // ECDSA with SHA-256
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", await ReadAsync($"{name}/tls.key"), StringComparison.Ordinal);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(Seconds(Now.AddDays(365)), new DateTimeOffset(certificate.NotAfter));

        using var authority = X509CertificateLoader.LoadCertificateFromFile(At("ca/ca.crt"));
        Assert.Equal(
            authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray(),
            certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray()
        );
    }

    [Fact]
    public async Task Certs_OfTheCa_MaySignProgramsAlone()
    {
        await MakeAsync("--ca-days", "1000");
        using var authority = X509Certificate2.CreateFromPemFile(At("ca/ca.crt"), At("ca/ca.key"));

        var constraints = authority.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.True(constraints is { CertificateAuthority: true, HasPathLengthConstraint: true, PathLengthConstraint: 0, Critical: true });
        Assert.Equal(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
            authority.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages
        );
        Assert.Equal(Seconds(Now.AddDays(1000)), new DateTimeOffset(authority.NotAfter));
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", await ReadAsync("ca/ca.key"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_HostsGiven_AreNamesOfThatProgramAlone()
    {
        await MakeAsync(
            "--coordinator-host",
            "Coordinator.Example.org.",
            "--coordinator-host",
            "10.0.0.5",
            "--coordinator-host",
            "FD00:0::5",
            "--worker-name",
            "*.worker.cluster.svc"
        );
        using (var coordinator = CertificateFolders.Load(At("coordinator")))
        {
            foreach (var host in (string[])["localhost", "127.0.0.1", "::1", "coordinator.example.org", "10.0.0.5", "fd00::5"])
            {
                Assert.True(coordinator.MatchesHostname(host), host);
            }
            Assert.False(coordinator.MatchesHostname("worker-0.worker.cluster.svc"));
        }
        using var worker = CertificateFolders.Load(At("worker"));
        Assert.True(worker.MatchesHostname("worker-0.worker.cluster.svc"));
        Assert.True(worker.MatchesHostname("localhost"));
        Assert.False(worker.MatchesHostname("coordinator.example.org"));
    }

    [Fact]
    public async Task Certs_Again_KeepsCaTokensAndHostsAndRenewsTheRest()
    {
        await MakeAsync("--coordinator-host", "coordinator.example.org");
        var before = Contents();
        using var old = CertificateFolders.Load(At("coordinator"));

        var said = await MakeAtAsync(Now.AddDays(300), "--days", "10");

        foreach (var path in (string[])["ca/ca.crt", "ca/ca.key", "client/ca.crt", "client/token", "tokens", "worker/ca.crt"])
        {
            Assert.Equal(before[At(path)], await ReadAsync(path));
        }
        using var renewed = CertificateFolders.Load(At("coordinator"));
        Assert.NotEqual(old.GetPublicKeyString(), renewed.GetPublicKeyString());
        Assert.NotEqual(old.SerialNumber, renewed.SerialNumber);
        Assert.True(renewed.MatchesHostname("coordinator.example.org"));
        Assert.Equal(Seconds(Now.AddDays(310)), new DateTimeOffset(renewed.NotAfter));
        Assert.True(CertificateFolders.Verifies(renewed, At("worker/ca.crt"), CertificateFolders.ServerAuthentication, Now.AddDays(305)));
        Assert.NotEqual(before[At("worker/tls.key")], await ReadAsync("worker/tls.key"));
        Assert.Contains("kept", said, StringComparison.Ordinal);

        await MakeAsync("--coordinator-host", "other.example.org");
        using var moved = CertificateFolders.Load(At("coordinator"));
        Assert.True(moved.MatchesHostname("other.example.org"));
        Assert.False(moved.MatchesHostname("coordinator.example.org"));
    }

    [Fact]
    public async Task Certs_NewCa_TrustsTheOldOneUntilItEnds()
    {
        await MakeAsync("--ca-days", "20");
        using var old = CertificateFolders.Load(At("worker"));
        var tokens = await ReadAsync("tokens");
        var first = await ReadAsync("ca/ca.crt");

        Assert.Contains("1 older", await MakeAsync("--new-ca"), StringComparison.Ordinal);

        var bundle = await ReadAsync("ca/ca.crt");
        Assert.EndsWith(first, bundle, StringComparison.Ordinal);
        Assert.Equal(2, CertificateFolders.LoadAuthorities(At("ca/ca.crt")).Count);
        Assert.All(
            ["coordinator", "worker", "serving", "client"],
            folder => Assert.Equal(bundle, File.ReadAllText(At($"{folder}/ca.crt")))
        );
        using var renewed = CertificateFolders.Load(At("worker"));
        Assert.True(CertificateFolders.Verifies(old, At("worker/ca.crt"), CertificateFolders.ClientAuthentication));
        Assert.True(CertificateFolders.Verifies(renewed, At("worker/ca.crt"), CertificateFolders.ClientAuthentication));
        var oldOnly = Folder.Write("old.crt", first);
        Assert.True(CertificateFolders.Verifies(old, oldOnly, CertificateFolders.ClientAuthentication));
        Assert.False(CertificateFolders.Verifies(renewed, oldOnly, CertificateFolders.ClientAuthentication));
        Assert.Equal(tokens, await ReadAsync("tokens"));

        // A run in between changes nothing of that, a third CA is trusted besides, and those that have ended are let go.
        await MakeAsync();
        Assert.Equal(bundle, await ReadAsync("ca/ca.crt"));
        await MakeAsync("--new-ca");
        Assert.EndsWith(bundle, await ReadAsync("worker/ca.crt"), StringComparison.Ordinal);
        await MakeAtAsync(Now.AddDays(21));
        Assert.Equal(2, CertificateFolders.LoadAuthorities(At("worker/ca.crt")).Count);
    }

    [Fact]
    public async Task Certs_CaNearItsEnd_EndsTheCertificatesWithItAndSaysSo()
    {
        Assert.Contains("end with their CA", await MakeAsync("--ca-days", "30"), StringComparison.Ordinal);
        using (var certificate = CertificateFolders.Load(At("worker")))
        {
            Assert.Equal(Seconds(Now.AddDays(30)), new DateTimeOffset(certificate.NotAfter));
            Assert.True(CertificateFolders.Verifies(certificate, At("worker/ca.crt"), CertificateFolders.ClientAuthentication));
        }
        await RefusedAsync("make a new one with --new-ca", Now.AddDays(31));
        await RefusedAsync("is this machine's clock right?", Now.AddDays(-1));

        await MakeAtAsync(Now.AddDays(31), "--new-ca");
        Assert.Single(CertificateFolders.LoadAuthorities(At("worker/ca.crt")));
    }

    [Fact]
    public async Task Certs_FirstToken_IsAnOperatorsAndPrintedNowhere()
    {
        var said = await MakeAsync();
        var token = (await ReadAsync("client/token")).Trim();
        var grant = AccessTokens.Parse(await ReadAsync("tokens"), "tokens").Find(token);
        Assert.Equal(new AccessGrant("admin", AccessRole.Operator, AccessGrant.AllNamespaces), grant);
        Assert.DoesNotContain(token, said + await ReadAsync("tokens"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_FirstTokenGone_IsMadeAnewWithTheTokenFileAlone()
    {
        await MakeAsync();
        var tokens = await ReadAsync("tokens");
        File.Delete(At("client/token"));
        Assert.Contains("missing; './cluster token add' makes others", await MakeAsync(), StringComparison.Ordinal);
        Assert.Equal(tokens, await ReadAsync("tokens"));

        File.Delete(At("tokens"));
        await MakeAsync();
        Assert.NotNull(AccessTokens.Parse(await ReadAsync("tokens"), "tokens").Find((await ReadAsync("client/token")).Trim()));
    }

    [Fact]
    public async Task Certs_Made_SaysWhatToDoWithIt()
    {
        var said = await MakeAsync();
        Assert.Contains($"./cluster up --tls {Root}\n", said, StringComparison.Ordinal);
        Assert.Contains(
            $"export CLUSTER_CA={At("client/ca.crt")} CLUSTER_TOKEN_FILE={At("client/token")}\n",
            said,
            StringComparison.Ordinal
        );
        Assert.Contains($"kubectl create secret generic coordinator-tls --from-file={At("coordinator")} ", said, StringComparison.Ordinal);
        Assert.Contains($"kubectl create secret generic worker-tls --from-file={At("worker")} ", said, StringComparison.Ordinal);
        Assert.Contains($"kubectl create secret generic coordinator-tokens --from-file={At("tokens")} ", said, StringComparison.Ordinal);
        Assert.Contains($"{Now.AddDays(365).UtcDateTime:yyyy-MM-dd}", said, StringComparison.Ordinal);
        Assert.Contains($"{Now.AddDays(3650).UtcDateTime:yyyy-MM-dd}", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_FolderWithSpaces_IsQuotedForTheShell()
    {
        var session = await Session.RunAsync("certs", Folder.At("it's a folder"));
        Assert.Contains($"--tls '{Folder.Path}/it'\\''s a folder'", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_Json_IsOneObject()
    {
        var session = await CertificateFolders.RunAsync(Now, "certs", Root, "--json", "--worker-name", "w0");
        using var json = JsonDocument.Parse(session.Out);
        var root = json.RootElement;
        Assert.Equal(At("ca/ca.crt"), root.GetProperty("ca").GetProperty("certificate").GetString());
        Assert.True(root.GetProperty("ca").GetProperty("isNew").GetBoolean());
        Assert.Equal(Seconds(Now.AddDays(365)), root.GetProperty("coordinator").GetProperty("ends").GetDateTimeOffset());
        Assert.Contains("w0", root.GetProperty("worker").GetProperty("hosts").EnumerateArray().Select(host => host.GetString()));
        Assert.Equal(At("client/token"), root.GetProperty("client").GetProperty("token").GetString());
    }

    [Fact]
    public async Task Certs_OfBothPrograms_ShakeHands()
    {
        await MakeAsync();
        using var coordinator = CertificateFolders.Load(At("coordinator"));
        using var worker = CertificateFolders.Load(At("worker"));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialed = new TcpClient();
        await dialed.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var server = new SslStream(accepted.GetStream());
        await using var client = new SslStream(dialed.GetStream());

        await Task.WhenAll(
            server.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = coordinator,
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = Trusting("coordinator/ca.crt"),
                },
                TestContext.Current.CancellationToken
            ),
            client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ClientCertificates = [worker],
                    CertificateChainPolicy = Trusting("worker/ca.crt"),
                },
                TestContext.Current.CancellationToken
            )
        );

        Assert.True(server.IsMutuallyAuthenticated && client.IsMutuallyAuthenticated);
        Assert.Equal(CertificateRole.Worker, CertificateRoles.RoleOf((X509Certificate2)server.RemoteCertificate!));
        Assert.Equal(CertificateRole.Coordinator, CertificateRoles.RoleOf((X509Certificate2)client.RemoteCertificate!));
    }

    private X509ChainPolicy Trusting(string path)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(CertificateFolders.LoadAuthorities(At(path)));
        return policy;
    }

    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
