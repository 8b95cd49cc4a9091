using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Security;

/// <summary>
/// Who this process is among the cluster's: its certificate, and whom it trusts. The files are read again every few seconds; connections
/// that are made after a change use the new ones.
/// </summary>
public sealed partial class ClusterIdentity : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_endsSoon = TimeSpan.FromDays(7);
    private readonly CertificateRole _role;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private IdentityFiles _files;
    private CancellationTokenSource _replaced = new();
    private string _told = "";
    private volatile Credentials _credentials;

    private ClusterIdentity(IdentityFiles files, CertificateRole role, TimeProvider time, ILogger logger)
    {
        (_files, _role, _time, _logger) = (files, role, time, logger);
        _credentials = Checked(files, role);
        _timer = time.CreateTimer(_ => Reload(), null, s_interval, s_interval);
    }

    /// <summary>The certificate of the moment, with its key.</summary>
    public X509Certificate2 Certificate => _credentials.Certificate;

    /// <summary>Reads an identity.</summary>
    /// <param name="folder">Holds ca.crt, tls.crt and tls.key.</param>
    /// <param name="role">The certificate must be of this role.</param>
    /// <param name="time">The clock of reading again.</param>
    /// <param name="logger">Told of certificates that are replaced, cannot be used, or end soon.</param>
    /// <exception cref="InvalidDataException">The files are missing, damaged, of another role, or over.</exception>
    public static ClusterIdentity Load(string folder, CertificateRole role, TimeProvider time, ILogger logger) =>
        new(IdentityFiles.Read(folder), role, time, logger);

    /// <summary>How this process answers those who connect.</summary>
    /// <param name="required">Whether they must have a certificate.</param>
    /// <param name="roles">Whose certificates are let in. None: nobody is asked for one.</param>
    public SslServerAuthenticationOptions ForServer(bool required, params CertificateRole[] roles)
    {
        var now = _credentials;
        return new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(now.Certificate, now.Chain, offline: true),
            ClientCertificateRequired = roles.Length > 0,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                certificate is null ? !required : Accepts(certificate, chain, "a caller", roles),
        };
    }

    /// <summary>How this process connects to another of the cluster.</summary>
    /// <param name="options">Filled in.</param>
    /// <param name="peer">Its role.</param>
    public void ForClient(SslClientAuthenticationOptions options, CertificateRole peer)
    {
        ArgumentNullException.ThrowIfNull(options);
        var now = _credentials;
        options.ClientCertificateContext = SslStreamCertificateContext.Create(now.Certificate, now.Chain, offline: true);
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            certificate is not null && Accepts(certificate, chain, $"what should be a {CertificateRoles.WordOf(peer)}", peer);
    }

    /// <summary>Whether a peer's certificate is of this cluster and of one of the roles. Who is refused is logged.</summary>
    public bool Accepts(X509Certificate certificate, X509Chain? chain, string peer, params ReadOnlySpan<CertificateRole> roles)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var copy = new X509Certificate2(certificate);
        var problem = _credentials.Authorities.Problem(copy, chain?.ChainPolicy.ExtraStore, roles);
        if (problem is not null)
        {
            LogRefused(peer, problem);
        }
        return problem is null;
    }

    /// <summary>
    /// Cancelled when the certificate of the moment is replaced. Who keeps a certificate takes this before it, and misses no change.
    /// </summary>
    public CancellationToken Replaced => Volatile.Read(ref _replaced).Token;

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>Takes over files that have changed. What cannot be used is told once, and the identity stays as it was.</summary>
    internal void Reload()
    {
        try
        {
            var files = IdentityFiles.Read(_files.Folder);
            if (files != _files)
            {
                _credentials = Checked(files, _role);
                _files = files;
                LogReplaced(files.Folder, _credentials.Certificate.NotAfter);
                // The next change has a token of its own before those who wait for this one hear of it.
                Interlocked.Exchange(ref _replaced, new()).Cancel();
            }
            var left = _credentials.Certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;
            if (left < s_endsSoon)
            {
                Tell($"{_files.Folder}: the certificate ends at {_credentials.Certificate.NotAfter:u}; replace it before");
            }
        }
        catch (InvalidDataException e)
        {
            // Files are replaced one after another: the next look may find them whole.
            Tell(e.Message);
        }
    }

    private void Tell(string problem)
    {
        if (problem != _told)
        {
            LogProblem(problem);
        }
        _told = problem;
    }

    private static Credentials Checked(IdentityFiles files, CertificateRole role)
    {
        var credentials = files.Parse();
        return credentials.Authorities.Problem(credentials.Certificate, credentials.Chain, role) is { } problem
            ? throw new InvalidDataException(
                $"--tls {files.Folder}: {problem}. './cluster certs' makes a folder for each role: coordinator, worker, serving."
            )
            : credentials;
    }

    [LoggerMessage(EventId = 410, Level = LogLevel.Information, Message = "{Folder}: new certificate, ends at {End}")]
    private partial void LogReplaced(string folder, DateTime end);

    [LoggerMessage(EventId = 411, Level = LogLevel.Warning, Message = "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(EventId = 412, Level = LogLevel.Warning, Message = "refused {Peer}: {Problem}")]
    private partial void LogRefused(string peer, string problem);
}
