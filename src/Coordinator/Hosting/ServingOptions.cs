using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>The times of what serves clients.</summary>
public sealed record ServingOptions
{
    /// <summary>
    /// How long a command of a client (cancel, suspend, resume) waits for the actors before the client is told to try again.
    /// </summary>
    [DurationRange("1 s", "10 min")]
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often ended jobs whose time to be kept is over are looked for, and jobs counted for the metrics.</summary>
    [DurationRange("100 ms", "1 h")]
    public TimeSpan HousekeepingInterval { get; init; } = TimeSpan.FromSeconds(5);
}
