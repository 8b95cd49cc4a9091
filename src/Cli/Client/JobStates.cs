using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>What a job's state means to a client.</summary>
public static class JobStates
{
    /// <summary>True: it will not change any more.</summary>
    public static bool HasEnded(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    /// <summary>The state in lower case, as people read it.</summary>
    public static string Word(this JobState state) => state.ToString().ToLowerInvariant();

    /// <summary>The exit status of a command that followed a job into <paramref name="state"/>.</summary>
    public static int ExitCode(this JobState state) =>
        state switch
        {
            JobState.Succeeded => ExitCodes.Succeeded,
            JobState.Cancelled => ExitCodes.Cancelled,
            _ => ExitCodes.Failed,
        };
}
