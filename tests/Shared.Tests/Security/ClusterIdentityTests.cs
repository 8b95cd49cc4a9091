using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Security;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Tests.Security;

public sealed class ClusterIdentityTests : IDisposable
{
    private readonly TestCertificates _ours = new();
    private readonly TestCertificates _others = new("another CA");

    public void Dispose()
    {
        _ours.Dispose();
        _others.Dispose();
    }

    [Theory]
    [InlineData("worker", "worker", true)]
    [InlineData("coordinator", "worker", false)]
    [InlineData("worker", "", false)]
    public async Task Handshake_RoleOfTheCaller_Decides(string allowed, string shown, bool accepted)
    {
        using var server = Load(_ours.Write("server", "worker"), CertificateRole.Worker);
        using var client = Identity(_ours.Write("client", shown.Length > 0 ? shown : "coordinator"), shown);
        var role = Enum.Parse<CertificateRole>(allowed, ignoreCase: true);
        Assert.Equal(accepted, await ConnectAsync(server, client, role, required: true));
    }

    [Fact]
    public async Task Handshake_StrangersCertificate_IsRefusedByBothSides()
    {
        using var server = Load(_ours.Write("server", "worker"), CertificateRole.Worker);
        using var stranger = Load(_others.Write("worker", "worker"), CertificateRole.Worker);
        Assert.False(await ConnectAsync(server, stranger, CertificateRole.Worker, required: true));
        Assert.False(await ConnectAsync(stranger, server, CertificateRole.Worker, required: true));
    }

    [Fact]
    public async Task Handshake_NoCertificate_IsRefusedWhereOneIsRequired()
    {
        using var server = Load(_ours.Write("server", "worker"), CertificateRole.Worker);
        Assert.False(await ConnectAsync(server, null, CertificateRole.Worker, required: true));
        Assert.True(await ConnectAsync(server, null, CertificateRole.Worker, required: false));
    }

    [Fact]
    public async Task Reload_NewCertificate_IsShownFromThenOn()
    {
        var folder = _ours.Write("server", "worker");
        using var server = Load(folder, CertificateRole.Worker);
        var before = server.Certificate.Thumbprint;
        var replaced = server.Replaced;
        Assert.False(replaced.IsCancellationRequested);
        _ours.Write("server", "worker");
        server.Reload();
        var next = server.Replaced;
        server.Reload();
        Assert.NotEqual(before, server.Certificate.Thumbprint);
        Assert.True(replaced.IsCancellationRequested);
        Assert.False(next.IsCancellationRequested);
        using var client = Load(_ours.Write("client", "worker"), CertificateRole.Worker);
        Assert.True(await ConnectAsync(server, client, CertificateRole.Worker, required: true));
    }

    [Fact]
    public void Reload_FilesThatCannotBeUsed_LeaveTheOldCertificateAndAreToldOnce()
    {
        var folder = _ours.Write("server", "worker");
        var log = new List<string>();
        using var server = ClusterIdentity.Load(folder, CertificateRole.Worker, TimeProvider.System, new ListLogger(log));
        var before = server.Certificate.Thumbprint;
        File.Copy(Path.Combine(_ours.Write("other", "worker"), "tls.crt"), Path.Combine(folder, "tls.crt"), overwrite: true);
        server.Reload();
        server.Reload();
        Assert.Equal(before, server.Certificate.Thumbprint);
        Assert.Contains("is not the private key of tls.crt", Assert.Single(log), StringComparison.Ordinal);
    }

    [Fact]
    public void Reload_AuthoritiesOldAndNew_BothAreTrusted()
    {
        var folder = _ours.Write("server", "worker");
        using var server = Load(folder, CertificateRole.Worker);
        using var stranger = Load(_others.Write("worker", "worker"), CertificateRole.Worker);
        Assert.False(server.Accepts(stranger.Certificate, null, "a test", CertificateRole.Worker));
        File.WriteAllText(Path.Combine(folder, "ca.crt"), _others.AuthorityPem + "\n" + _ours.AuthorityPem);
        server.Reload();
        Assert.True(server.Accepts(stranger.Certificate, null, "a test", CertificateRole.Worker));
    }

    [Theory]
    [InlineData("coordinator", 5, "is of a coordinator, not of a worker")]
    [InlineData("", 5, "is of a process without a role, not of a worker")]
    [InlineData("worker", -1, "or is over")]
    public void Load_CertificateThatIsNoWorkers_SaysWhy(string role, int days, string why)
    {
        var folder = _ours.Write("identity", role, days);
        Assert.Contains(
            why,
            Assert.Throws<InvalidDataException>(() => Load(folder, CertificateRole.Worker)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("tls.crt", null, "tls.crt cannot be read")]
    [InlineData("tls.key", null, "tls.key cannot be read")]
    [InlineData("ca.crt", null, "ca.crt cannot be read")]
    [InlineData("ca.crt", "", "has no certificate in PEM")]
    [InlineData("tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    [InlineData("tls.key", "nonsense", "is not the private key")]
    public void Load_DamagedFile_NamesItAndWhatHelps(string file, string? content, string why)
    {
        var folder = _ours.Write("identity", "worker");
        var path = Path.Combine(folder, file);
        File.Delete(path);
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }
        var message = Assert.Throws<InvalidDataException>(() => Load(folder, CertificateRole.Worker)).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(file, message, StringComparison.Ordinal);
    }

    private static ClusterIdentity Load(string folder, CertificateRole role) =>
        ClusterIdentity.Load(folder, role, TimeProvider.System, NullLogger.Instance);

    /// <summary>An identity whatever its role: the other side is to judge it.</summary>
    private ClusterIdentity? Identity(string folder, string role) =>
        role.Length == 0 ? null : Load(folder, Enum.Parse<CertificateRole>(role, ignoreCase: true));

    private static async Task<bool> ConnectAsync(ClusterIdentity server, ClusterIdentity? client, CertificateRole allowed, bool required)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
            await using var stream = new SslStream(socket.GetStream());
            var options = new SslClientAuthenticationOptions { TargetHost = "somewhere" };
            if (client is null)
            {
                options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
            }
            else
            {
                client.ForClient(options, CertificateRole.Worker);
            }
            await stream.AuthenticateAsClientAsync(options);
            // The server's verdict on the client comes after the client's handshake is done.
            var answer = await stream.ReadAsync(new byte[1]) == 1;
            return await serving && answer;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await serving;
            return false;
        }

        async Task<bool> ServeAsync()
        {
            try
            {
                using var socket = await listener.AcceptTcpClientAsync();
                await using var stream = new SslStream(socket.GetStream());
                await stream.AuthenticateAsServerAsync(server.ForServer(required, allowed));
                await stream.WriteAsync(new byte[1]);
                return true;
            }
            catch (Exception e) when (e is AuthenticationException or IOException)
            {
                return false;
            }
        }
    }

    private sealed class ListLogger(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => lines.Add(formatter(state, exception));
    }
}
