using TrainingCluster.Settings;

namespace TrainingCluster.Serving.Models;

/// <summary>How models are found and kept.</summary>
public sealed record ModelSettings
{
    /// <summary>
    /// Models in memory at most. Where another is called, the one goes that was called least recently; while all compute, the call waits.
    /// </summary>
    [NumberRange(1, 1000)]
    public int MaxLoaded { get; init; } = 4;

    /// <summary>How often folders and the coordinator are looked at for new models and newer versions.</summary>
    [DurationRange("100 ms", "1 h")]
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the coordinator may take to answer, and to send the next piece of a model.</summary>
    [DurationRange("1 s", "10 min")]
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A model that could not be loaded is tried again after so long, or when it changes.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(10);
}
