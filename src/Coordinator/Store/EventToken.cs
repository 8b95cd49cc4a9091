using TrainingCluster.Coordinator.Paging;

namespace TrainingCluster.Coordinator.Store;

/// <summary>The tokens of a job's events: WatchJob goes on after one.</summary>
internal static class EventToken
{
    /// <summary>The token of an event.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="sequence">The event's number in the job's record.</param>
    public static string Of(string jobId, long sequence) => NumberToken.Of(Scope(jobId), sequence);

    /// <summary>The event's number.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="token">What a client sent.</param>
    /// <param name="newest">The number of the job's newest event.</param>
    public static long Read(string jobId, string token, long newest) =>
        NumberToken.Read("resume_token", token, Scope(jobId), newest, "pass the token of an event of this job, or none to begin anew");

    private static string Scope(string jobId) => $"WatchJob\n{jobId}";
}
