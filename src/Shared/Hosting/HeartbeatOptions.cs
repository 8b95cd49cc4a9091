using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>How members of the cluster find those that hang or are cut off. A process that dies is found by its connections.</summary>
public sealed record HeartbeatOptions
{
    /// <summary>Time between two heartbeats of a member. All programs should have the same.</summary>
    [DurationRange("50 ms", "10 s")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// For so long no heartbeat may come before a member is called unreachable: longer than what a busy machine takes to schedule one.
    /// </summary>
    [DurationRange("500 ms", "10 min")]
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(4);
}
