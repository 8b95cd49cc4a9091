using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>What a job's state means to those outside.</summary>
public static class JobStates
{
    /// <summary>True: it will not change any more.</summary>
    public static bool HasEnded(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    /// <summary>The state in lower case, as people read it.</summary>
    public static string Word(this JobState state) => state.ToString().ToLowerInvariant();
}
