using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using TrainingCluster.Security;

namespace TrainingCluster.Hosting;

/// <summary>What the command lines of coordinator, worker and server of translations have in common.</summary>
public abstract record ProcessOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Host that others are told; null: the address, or this machine's name where it listens on all addresses.</summary>
    public string? Advertise { get; init; }

    /// <summary>Port of gRPC, HTTP/2. 0: any.</summary>
    public int GrpcPort { get; init; }

    /// <summary>Port of metrics, health and pages, HTTP/1.1. 0: any.</summary>
    public int HttpPort { get; init; }

    /// <summary>Folder of its certificate, its key and the CAs; null: it has none.</summary>
    public string? Tls { get; init; }

    /// <summary>Whether it may listen without TLS where other machines reach it. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>File to be written once everything listens; null: none.</summary>
    public string? ReadyFile { get; init; }

    /// <summary>Process without which this one ends; null: none.</summary>
    public int? ParentPid { get; init; }

    /// <summary>What people have set of the program's sections. Default: nothing.</summary>
    public IConfiguration Settings { get; init; } = new ConfigurationBuilder().Build();

    /// <summary>Where it is to listen.</summary>
    /// <exception cref="InvalidDataException">Strangers could get in though nobody has said so, or a port is taken.</exception>
    public ListenAddress FreeAddress()
    {
        var address = ListenAddress.Parse(Host, Advertise) with { Tls = Tls is not null };
        address.RequireProtected(Insecure);
        address.RequireFree(GrpcPort, "--grpc-port");
        address.RequireFree(HttpPort, "--http-port");
        return address;
    }

    /// <summary>Who it is; null: it has no certificate.</summary>
    public ClusterIdentity? LoadIdentity(CertificateRole role, TimeProvider time, ILoggerFactory loggers) =>
        Tls is null ? null : ClusterIdentity.Load(Tls, role, time, loggers.CreateLogger<ClusterIdentity>());
}
