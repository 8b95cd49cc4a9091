using TrainingCluster.Access;

namespace TrainingCluster.Serving.Hosting;

/// <summary>What the command line says.</summary>
public sealed record ServerOptions
{
    /// <summary>Model folders and ids of jobs. Empty: every job of the coordinator that has succeeded.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The coordinator's gRPC address; null: none, there are only folders.</summary>
    public string? Coordinator { get; init; }

    /// <summary>Folder of fetched models; null: a temporary one, which goes at the end.</summary>
    public string? Data { get; init; }

    /// <summary>Threads to compute with. At least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Host that clients are told; null: the host, or this machine's name where it listens on all addresses.</summary>
    public string? Advertise { get; init; }

    /// <summary>Port of gRPC, HTTP/2. 0: any. Default 7090.</summary>
    public int GrpcPort { get; init; } = 7090;

    /// <summary>Port of HTTP/1.1: JSON, metrics, health. 0: any. Default 7091.</summary>
    public int HttpPort { get; init; } = 7091;

    /// <summary>Folder of its certificate, its key and the CAs; null: it has none.</summary>
    public string? Tls { get; init; }

    /// <summary>Whether it may listen without TLS where other machines reach it. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>How clients show who they are. Default: nobody asks.</summary>
    public AccessOptions Access { get; init; } = new();

    /// <summary>File to be written once everything listens; null: none.</summary>
    public string? ReadyFile { get; init; }

    /// <summary>Process without which this one ends; null: none.</summary>
    public int? ParentPid { get; init; }

    /// <summary>What people have set of <see cref="ServingSections"/>. Default: nothing.</summary>
    public IConfiguration Settings { get; init; } = new ConfigurationBuilder().Build();
}
