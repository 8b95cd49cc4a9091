using TrainingCluster.Settings;

namespace TrainingCluster.Serving.Hosting;

/// <summary>The times of calls.</summary>
public sealed record CallSettings
{
    /// <summary>A client that has not taken a message of its stream within this time is cut off.</summary>
    [DurationRange("100 ms", "1 h")]
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a server that is to end may take to answer the calls that it has taken. Kubernetes gives 60 seconds.</summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
