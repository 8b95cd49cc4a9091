using TrainingCluster.Hosting;
using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Actors;

/// <summary>What a worker's actor tells the coordinator, and how often.</summary>
internal sealed record WorkerActorSettings
{
    /// <summary>Unique name.</summary>
    public required string WorkerId { get; init; }

    /// <summary>New at each start of the process.</summary>
    public required string Incarnation { get; init; }

    /// <summary>http://host:port of gRPC Collective.</summary>
    public required string CollectiveAddress { get; init; }

    /// <summary>http://host:port of /metrics and /healthz.</summary>
    public required string HttpAddress { get; init; }

    /// <summary>"cpu" or "cuda:0".</summary>
    public required string Device { get; init; }

    /// <summary>How it computes.</summary>
    public required Arithmetic Arithmetic { get; init; }

    /// <summary>Path of the coordinator's actor, with its address.</summary>
    public required string CoordinatorPath { get; init; }

    /// <summary>Time between registrations.</summary>
    [DurationRange("100 ms", "1 min")]
    public TimeSpan RegisterInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between attempts while not registered, and while draining.</summary>
    [DurationRange("10 ms", "1 min")]
    public TimeSpan TryInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Without an answer for so long the actor system is made anew: the coordinator may have shut it out.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before an actor system that has ended is made anew.</summary>
    [DurationRange("10 ms", "1 min")]
    public TimeSpan RejoinPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>When the actors are called ill.</summary>
    public HealthOptions Health { get; init; } = new();
}
