using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>When a program calls itself ill.</summary>
public sealed record HealthOptions
{
    /// <summary>
    /// An actor that has not answered for so long does not live: <c>/healthz</c> says so, and Kubernetes starts the program anew.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan ActorTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
