using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>How a command ends that followed a job to its end.</summary>
public static class JobExitCodes
{
    /// <summary>The exit status of a command that followed a job into <paramref name="state"/>.</summary>
    public static int ExitCode(this JobState state) =>
        state switch
        {
            JobState.Succeeded => ExitCodes.Succeeded,
            JobState.Cancelled => ExitCodes.Cancelled,
            _ => ExitCodes.Failed,
        };
}
