using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>How grave lines of a job's log are, in words.</summary>
public static class LogSeverities
{
    /// <summary>The word for it: "info", "warning", "error"; empty: not known.</summary>
    public static string Word(this LogSeverity severity) =>
        severity == LogSeverity.Unspecified ? "" : severity.ToString().ToLowerInvariant();

    /// <summary>What a word stands for; unspecified: it is none of ours.</summary>
    public static LogSeverity Of(string word) =>
        Enum.GetValues<LogSeverity>().FirstOrDefault(s => s != LogSeverity.Unspecified && s.Word() == word, LogSeverity.Unspecified);
}
