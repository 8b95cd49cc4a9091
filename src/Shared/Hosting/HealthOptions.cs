using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>When a program calls itself ill.</summary>
public sealed record HealthOptions
{
    /// <summary>
    /// An actor, or the job store, that has not answered for so long does not live: <c>/healthz</c> says so, and Kubernetes starts the
    /// program anew.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// A training thread that computes one phase for so long, and ten times as long as ever before, is stuck: <c>/healthz</c> says so.
    /// </summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan PhaseTimeout { get; init; } = TimeSpan.FromSeconds(8);
}
