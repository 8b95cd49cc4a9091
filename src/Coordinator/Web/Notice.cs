using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Something that needs attention.</summary>
/// <param name="Level"><c>error</c> or <c>warning</c>.</param>
/// <param name="Text">What, and what helps.</param>
public sealed record Notice(string Level, string Text)
{
    private const double LowDisk = 0.1;
    private static readonly TimeSpan s_lately = TimeSpan.FromHours(1);

    /// <summary>What of the state of things needs attention now, the worst first.</summary>
    public static IReadOnlyList<Notice> Of(
        DateTimeOffset now,
        IReadOnlyList<StoredJob> jobs,
        QueueStatus queue,
        ClusterStatus cluster,
        DiskUse? disk
    )
    {
        var notices = new List<Notice>();
        if (disk is { Size: > 0 } && disk.Size - disk.Used < LowDisk * disk.Size)
        {
            notices.Add(
                new(
                    "error",
                    $"The coordinator's disk has {Show.Bytes(disk.Size - disk.Used)} left of {Show.Bytes(disk.Size)}: when it is full, "
                        + "checkpoints cannot be stored. Delete jobs and datasets that nobody needs, or give it more."
                )
            );
        }
        notices.AddRange(
            jobs.Where(job => job.Record.Phase.ToJobState() == JobState.Failed && job.Record.Ended > now - s_lately)
                .Select(job => new Notice("error", $"Job {job.Id} failed: {job.Record.Reason}"))
        );
        notices.AddRange(
            cluster
                .Workers.Where(worker => worker.State == WorkerState.Unreachable)
                .Select(worker => new Notice("warning", $"Worker {worker.Id} cannot be reached."))
        );
        if (queue.FreeWorkerCount > 0 && queue.Jobs.FirstOrDefault(job => job.Position == 1) is { } first)
        {
            notices.Add(new("warning", $"Job {first.JobId} waits though {queue.FreeWorkerCount} workers are free: {first.Reason}"));
        }
        return notices;
    }
}
