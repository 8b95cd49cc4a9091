using TrainingCluster.Settings;

namespace TrainingCluster.Serving.Batching;

/// <summary>How sentences wait, and how many are computed together.</summary>
public sealed record BatchingOptions
{
    /// <summary>Most sentences that are computed together. More fill the processor better, and let the first wait.</summary>
    [NumberRange(1, 1024)]
    public int MaxSentences { get; init; } = 32;

    /// <summary>
    /// Bounds the memory of a batch: sentences × beam × source tokens of the longest. A sentence that exceeds it is computed alone.
    /// </summary>
    [NumberRange(64, 1_000_000)]
    public int MaxTokens { get; init; } = 8192;

    /// <summary>
    /// How long a sentence waits for others to be computed with, while several clients call. A client that is alone never waits.
    /// </summary>
    [DurationRange("0 s", "1 s")]
    public TimeSpan Wait { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Sentences that may wait. A call that would make more is refused with RESOURCE_EXHAUSTED.</summary>
    [NumberRange(1, 100_000)]
    public int MaxQueue { get; init; } = 1024;
}
