using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Explain;

/// <summary>Where a job stands now, and what helps.</summary>
internal sealed class PresentState
{
    // Progress is told every second while steps are made; longer than most steps and evaluations.
    private static readonly TimeSpan s_stands = TimeSpan.FromMinutes(1);

    /// <param name="job">The job.</param>
    /// <param name="queued">Its place in the queue; null: it has none.</param>
    /// <param name="lastSign">When it was last heard of.</param>
    /// <param name="now">The time.</param>
    public PresentState(Job job, QueuedJob? queued, DateTimeOffset lastSign, DateTimeOffset now) =>
        (Text, Help) = job.State switch
        {
            JobState.Queued => Waits(job, queued, now),
            JobState.Suspended => ($"is suspended: {job.Reason}", [$"'./cluster resume {job.Id}' lets it go on from its newest step"]),
            JobState.Running when now - lastSign > s_stands => Stands(job, now - lastSign),
            JobState.Running => (Trains(job), (IReadOnlyList<string>)[]),
            JobState.Succeeded => ("succeeded", [$"'./cluster artifacts {job.Id} --out DIR' fetches its model"]),
            JobState.Failed => ($"failed: {job.Reason}", [Logs(job), "submit it again once the cause is gone: it begins anew"]),
            _ => (Ended(job.State, job.Reason), []),
        };

    /// <summary>A state with its reason, which may begin with the same word.</summary>
    public static string Ended(JobState state, string reason) =>
        reason.StartsWith(state.Word(), StringComparison.Ordinal) ? reason : $"{state.Word()}: {reason}";

    /// <summary>Where it stands.</summary>
    public string Text { get; }

    /// <summary>What helps.</summary>
    public IReadOnlyList<string> Help { get; }

    private static (string, IReadOnlyList<string>) Waits(Job job, QueuedJob? queued, DateTimeOffset now)
    {
        if (queued is null)
        {
            return ($"waits: {job.Reason}", ["'./cluster queue' shows the line"]);
        }
        var since = queued.QueueTime is { } time ? $" {Display.Text.Of(now - time.ToDateTimeOffset())}" : "";
        var place = queued.Position > 0 ? $", place {queued.Position} in the queue" : "";
        var reason = queued.Reason.Length > 0 ? queued.Reason : job.Reason;
        return ($"waits{since}{place}: {reason}", Helps(job, queued));
    }

    private static IReadOnlyList<string> Helps(Job job, QueuedJob queued) =>
        queued.Verdict switch
        {
            QueueVerdict.TooFewWorkers =>
            [
                $"start workers: it needs {queued.NeededWorkerCount} that are free and compute alike ('./cluster workers' shows them)",
                "or submit it with a smaller workers.min",
            ],
            QueueVerdict.Behind =>
            [
                "jobs in front of it go first ('./cluster queue' shows them): more workers help, or a greater priority",
            ],
            QueueVerdict.OverQuota =>
            [
                $"other jobs of the namespace {job.Namespace} must end first, or its quota (Queue:WorkerQuotas) must be greater",
            ],
            _ => ["nothing need be done: its workers are on their way"],
        };

    private static (string, IReadOnlyList<string>) Stands(Job job, TimeSpan silent) =>
        (
            $"runs, but has said nothing for {Display.Text.Of(silent)}: {job.Reason}",
            ["'./cluster workers' shows who is there; 'top -H' on a worker shows what its training thread does", Logs(job)]
        );

    private static string Trains(Job job) =>
        job.Progress is { Step: > 0 } progress ? $"trains: {JobProgressView.Figures(progress)}" : $"gathers its workers: {job.Reason}";

    private static string Logs(Job job) =>
        job.TraceId.Length > 0
            ? $"the logs of coordinator and workers name it by the trace id {job.TraceId}"
            : $"the logs of coordinator and workers name it by its id, {job.Id}";
}
