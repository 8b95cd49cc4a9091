using System.Net;
using System.Net.Sockets;

namespace TrainingCluster.Hosting;

/// <summary>Where a program listens, and under which name others reach it.</summary>
/// <param name="Bind">The address to listen on.</param>
/// <param name="Advertised">The host name or address that others are told.</param>
/// <param name="Tls">Whether what listens speaks TLS.</param>
public sealed record ListenAddress(IPAddress Bind, string Advertised, bool Tls = false)
{
    /// <summary>Reads --host and --advertise.</summary>
    /// <param name="host">An IP address or a name of this machine.</param>
    /// <param name="advertise">What others are told; null: the host itself, or this machine's name where it listens on all
    /// addresses.</param>
    /// <exception cref="InvalidDataException">The host cannot be resolved.</exception>
    public static ListenAddress Parse(string host, string? advertise)
    {
        if (!IPAddress.TryParse(host, out var bind))
        {
            try
            {
                var found = Dns.GetHostAddresses(host);
                bind = found.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                throw new InvalidDataException(
                    $"--host {host}: {e.Message}. Give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all.",
                    e
                );
            }
        }
        bind = bind.IsIPv4MappedToIPv6 ? bind.MapToIPv4() : bind;
        var any = bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any);
        return new(bind, OneSpelling(advertise ?? (any ? Dns.GetHostName() : host)));
    }

    /// <summary>host:port with the host as actors write it. A text without a colon comes back as it is.</summary>
    public static string OneSpellingOf(string hostPort)
    {
        ArgumentNullException.ThrowIfNull(hostPort);
        var colon = hostPort.LastIndexOf(':');
        if (colon <= 0)
        {
            return hostPort;
        }
        var host = OneSpelling(hostPort[..colon].Trim('[', ']'));
        return host.Contains(':', StringComparison.Ordinal) ? $"[{host}]{hostPort[colon..]}" : host + hostPort[colon..];
    }

    /// <summary>Actors know one another by the text of their addresses, and a URI respells them: [::1], 127.1 and LOCALHOST.</summary>
    private static string OneSpelling(string host) =>
        IPAddress.TryParse(host, out var address)
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : host.ToLowerInvariant();

    /// <summary>Makes sure that a port can be had before anything is started.</summary>
    /// <param name="port">0: any, always free.</param>
    /// <param name="flag">The option that names it.</param>
    /// <exception cref="InvalidDataException">It is in use, or not ours to use.</exception>
    public void RequireFree(int port, string flag)
    {
        if (port == 0)
        {
            return;
        }
        using var socket = new Socket(Bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // As Kestrel does: a port whose last owner has just ended is free.
            if (!OperatingSystem.IsWindows())
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }
            socket.Bind(new IPEndPoint(Bind, port));
            socket.Listen();
        }
        catch (SocketException e)
        {
            var why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is in use" : $"cannot be used ({e.Message})";
            throw new InvalidDataException(
                $"port {port} on {Bind} {why}: end what listens there, or choose another with {flag} (0: any)",
                e
            );
        }
    }

    /// <summary>
    /// Makes sure that nobody listens to strangers by mistake: without TLS, whoever reaches the ports may read everything, submit, and
    /// register as a worker.
    /// </summary>
    /// <param name="allowed">Whether somebody has said that this is meant.</param>
    /// <exception cref="InvalidDataException">It listens elsewhere than on loopback, without TLS.</exception>
    public void RequireProtected(bool allowed)
    {
        if (!Tls && !allowed && !IPAddress.IsLoopback(Bind))
        {
            throw new InvalidDataException(
                $"--host {Bind}: other machines reach this address, and without --tls anyone who does may read models, submit jobs and "
                    + "register as a worker. Give --tls DIR with certificates ('./cluster certs' makes them), or "
                    + $"{ProgramOptions.InsecureFlag} where the network keeps strangers out."
            );
        }
    }

    /// <summary>http://host:port as others reach it, or https.</summary>
    public string Http(int port) => $"http{(Tls ? "s" : "")}://{HostPort(port)}";

    /// <summary>host:port as others reach it.</summary>
    public string HostPort(int port) =>
        Advertised.Contains(':', StringComparison.Ordinal) ? $"[{Advertised}]:{port}" : $"{Advertised}:{port}";
}
