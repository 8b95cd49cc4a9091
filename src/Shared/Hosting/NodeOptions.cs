using Akka.Event;
using TrainingCluster.Security;

namespace TrainingCluster.Hosting;

/// <summary>A node of the actors' cluster.</summary>
/// <param name="Address">Where it listens, and under which name others reach it.</param>
/// <param name="Port">0: any.</param>
/// <param name="Role"><see cref="ActorConfiguration.CoordinatorRole"/> or <see cref="ActorConfiguration.WorkerRole"/>.</param>
/// <param name="Seed">host:port of the node whose cluster it joins by itself; null: it is told to join later.</param>
public sealed record NodeOptions(ListenAddress Address, int Port, string Role, string? Seed = null)
{
    /// <summary>How it finds members that hang.</summary>
    public HeartbeatOptions Heartbeats { get; init; } = new();

    /// <summary>The least level at which its actor system speaks.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.WarningLevel;

    /// <summary>Who it is; null: messages go as plain text, and anyone may send them.</summary>
    public ClusterIdentity? Identity { get; init; }

    /// <summary><see cref="Seed"/> as the actor system writes it.</summary>
    internal string? SeedAddress => Seed is null ? null : ActorConfiguration.Address(Seed, Identity is not null);
}
