using TrainingCluster.Settings;

namespace TrainingCluster.Logging;

/// <summary>How a program logs.</summary>
public sealed record LoggingOptions
{
    /// <summary>How a line is written: <c>text</c> for people, or <c>json</c>, an object a line (<c>--log-format</c>).</summary>
    [Choice]
    public LogFormat Format { get; init; }

    /// <summary>
    /// The least level that is logged (<c>--log-level</c>), of all categories or of some: <c>debug,TrainingCluster.Worker=trace</c>. Where
    /// nothing is set it is <c>information</c>, and <c>warning</c> for <c>Microsoft</c>, <c>Grpc</c> and <c>Akka</c>.
    /// </summary>
    public LogLevels Levels { get; init; } = LogLevels.None;
}
