using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>What commands print with <c>--json</c>.</summary>
internal static class JobEvents
{
    /// <summary>The events among whole lines of JSON; the last may be half written and is left out, others may be the job itself.</summary>
    public static IEnumerable<JobEvent> Of(string text) =>
        text.Split('\n')
            .SkipLast(1)
            .Where(line => line.StartsWith("{ \"token\"", StringComparison.Ordinal) && line.EndsWith('}'))
            .Select(JobEvent.Parser.ParseJson);

    /// <summary>Whether the job has a checkpoint.</summary>
    public static bool HasCheckpoint(string text) => Of(text).Any(item => item.Progress is { CheckpointStep: > 0 });
}
