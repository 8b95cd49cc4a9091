using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Hosting;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>What the command line says.</summary>
public sealed record CoordinatorOptions : ProcessOptions
{
    /// <summary>Where gRPC listens unless it is said otherwise.</summary>
    public const int UsualGrpcPort = 7070;

    /// <summary>Where HTTP listens unless it is said otherwise.</summary>
    public const int UsualHttpPort = 7080;

    /// <summary>On its usual ports.</summary>
    public CoordinatorOptions() => (GrpcPort, HttpPort) = (UsualGrpcPort, UsualHttpPort);

    /// <summary>Folder of jobs, datasets, checkpoints and models; made where it is missing.</summary>
    public required string Data { get; init; }

    /// <summary>Port of the actors. 0: any. Default 7071.</summary>
    public int ClusterPort { get; init; } = 7071;

    /// <summary>How clients show who they are. Default: nobody asks.</summary>
    public AccessOptions Access { get; init; } = new();

    /// <summary>How much clients may take.</summary>
    public Quotas Quotas { get; init; } = new();

    /// <summary>Where TrainingJob objects are that it carries out; null: it carries none out.</summary>
    public KubernetesAccess? Kubernetes { get; init; }

    /// <summary>Address of a server of translations that has the models, for the page; null: none is known.</summary>
    public Uri? TranslateAt { get; init; }
}
