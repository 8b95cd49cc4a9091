using TrainingCluster.Access;
using TrainingCluster.Hosting;

namespace TrainingCluster.Serving.Hosting;

/// <summary>What the command line says.</summary>
public sealed record ServerOptions : ProcessOptions
{
    /// <summary>Where gRPC listens unless it is said otherwise.</summary>
    public const int UsualGrpcPort = 7090;

    /// <summary>Where HTTP listens unless it is said otherwise.</summary>
    public const int UsualHttpPort = 7091;

    /// <summary>On its usual ports.</summary>
    public ServerOptions() => (GrpcPort, HttpPort) = (UsualGrpcPort, UsualHttpPort);

    /// <summary>Model folders and ids of jobs. Empty: every job of the coordinator that has succeeded.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The coordinator's gRPC address; null: none, there are only folders.</summary>
    public string? Coordinator { get; init; }

    /// <summary>Folder of fetched models; null: a temporary one, which goes at the end.</summary>
    public string? Data { get; init; }

    /// <summary>Batches that are computed at a time, each by one thread. At least 1.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How clients show who they are. Default: nobody asks.</summary>
    public AccessOptions Access { get; init; } = new();
}
