using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Kubernetes;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>What the command line says.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>Folder of jobs, datasets, checkpoints and models; made where it is missing.</summary>
    public required string Data { get; init; }

    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Host that workers and clients are told; null: the host, or this machine's name where it listens on all addresses.</summary>
    public string? Advertise { get; init; }

    /// <summary>Port of gRPC, HTTP/2. 0: any. Default 7070.</summary>
    public int GrpcPort { get; init; } = 7070;

    /// <summary>Port of metrics, health and the page, HTTP/1.1. 0: any. Default 7080.</summary>
    public int HttpPort { get; init; } = 7080;

    /// <summary>Port of the actors. 0: any. Default 7071.</summary>
    public int ClusterPort { get; init; } = 7071;

    /// <summary>Folder of its certificate, its key and the CAs; null: it has none.</summary>
    public string? Tls { get; init; }

    /// <summary>Whether it may listen without TLS where other machines reach it. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>How clients show who they are. Default: nobody asks.</summary>
    public AccessOptions Access { get; init; } = new();

    /// <summary>How much clients may take.</summary>
    public Quotas Quotas { get; init; } = new();

    /// <summary>Where TrainingJob objects are that it carries out; null: it carries none out.</summary>
    public KubernetesAccess? Kubernetes { get; init; }

    /// <summary>Address of a server of translations that has the models, for the page; null: none is known.</summary>
    public Uri? TranslateAt { get; init; }

    /// <summary>File to be written once everything listens; null: none.</summary>
    public string? ReadyFile { get; init; }

    /// <summary>Process without which this one ends; null: none.</summary>
    public int? ParentPid { get; init; }

    /// <summary>What people have set of <see cref="CoordinatorSections"/>. Default: nothing.</summary>
    public IConfiguration Settings { get; init; } = new ConfigurationBuilder().Build();
}
