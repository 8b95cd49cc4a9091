using Google.Protobuf.WellKnownTypes;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Durations of a job as the pages write them.</summary>
internal static class JobTimes
{
    /// <summary>How long it still takes; null: not known.</summary>
    public static TimeSpan? Left(JobProgress progress) => progress.RemainingDuration?.ToTimeSpan();

    /// <summary>A recovery from beginning to end; empty: there was none.</summary>
    public static string Recovery(GenerationChanged change) => Text(change.RecoveryDuration);

    /// <summary>Until the fault was noticed.</summary>
    public static string Detect(GenerationChanged change) => Text(change.DetectDuration);

    /// <summary>Until the new plan was sent.</summary>
    public static string Regroup(GenerationChanged change) => Text(change.RegroupDuration);

    /// <summary>Until all held the state and were connected.</summary>
    public static string StateRecovery(GenerationChanged change) => Text(change.StateRecoveryDuration);

    private static string Text(Duration? time) => time?.ToTimeSpan() is { } taken && taken > TimeSpan.Zero ? Show.Duration(taken) : "";
}
