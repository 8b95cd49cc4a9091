using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Durations of a job as the pages write them.</summary>
internal static class JobTimes
{
    /// <summary>How long it still takes; null: not known.</summary>
    public static TimeSpan? Left(JobProgress progress) => progress.SecondsLeft > 0 ? TimeSpan.FromSeconds(progress.SecondsLeft) : null;

    /// <summary>A recovery from beginning to end; empty: there was none.</summary>
    public static string Recovery(GenerationChanged change) => Text(change.RecoverySeconds);

    /// <summary>Until the fault was noticed.</summary>
    public static string Detect(GenerationChanged change) => Text(change.DetectSeconds);

    /// <summary>Until the new plan was sent.</summary>
    public static string Regroup(GenerationChanged change) => Text(change.RegroupSeconds);

    /// <summary>Until all held the state and were connected.</summary>
    public static string StateRecovery(GenerationChanged change) => Text(change.StateRecoverySeconds);

    private static string Text(double seconds) => seconds > 0 ? Show.Duration(TimeSpan.FromSeconds(seconds)) : "";
}
