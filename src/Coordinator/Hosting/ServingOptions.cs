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

    /// <summary>
    /// How long a coordinator that is to end waits for workers that train to say that they are to end too. If none does, it ends, and
    /// they train on.
    /// </summary>
    [DurationRange("0 s", "1 min")]
    public TimeSpan LeaveWindow { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a coordinator that is to end serves workers that drain, so that the state that only they hold is stored. A state of
    /// more than half a GB needs longer: docs/kubernetes.md.
    /// </summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan LeaveTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
