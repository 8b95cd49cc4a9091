using TrainingCluster.Jobs;
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

    /// <summary>A job that did not succeed, for a command that was to bring its result.</summary>
    /// <param name="end">How it ended.</param>
    /// <param name="id">The job.</param>
    /// <param name="help">What helps; null: nothing is known to.</param>
    public static CliException Failure(this StateChanged end, string id, string? help = null)
    {
        ArgumentNullException.ThrowIfNull(end);
        return new($"job {id} {end.State.Word()}{(end.Reason.Length > 0 ? $": {end.Reason}" : "")}")
        {
            ExitCode = end.State.ExitCode(),
            Code = end.State == JobState.Cancelled ? "JOB_CANCELLED" : "JOB_FAILED",
            Help = help,
        };
    }
}
