using TrainingCluster.Settings;

namespace TrainingCluster.Worker.Hosting;

/// <summary>The times of a worker's process.</summary>
public sealed record WorkerTimes
{
    /// <summary>
    /// How long a worker that is to end waits for others to take over, or for the coordinator to take the state. A state of
    /// more than half a GB needs longer: docs/kubernetes.md.
    /// </summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>It does not wait any longer for a coordinator that has been silent for so long: nobody could take over.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan DrainSilence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>/readyz</c> says that the coordinator does not answer when it has been silent for so long.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan CoordinatorTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
