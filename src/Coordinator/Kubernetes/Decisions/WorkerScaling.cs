using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>How many workers there are to be.</summary>
/// <param name="Replicas">So many.</param>
/// <param name="Needed">So many would have work.</param>
/// <param name="NeededSince">Since when it was no more than that.</param>
/// <param name="Reason">For people.</param>
internal sealed record WorkerScale(int Replicas, int Needed, DateTimeOffset NeededSince, string Reason);

/// <summary>Scales the workers' StatefulSet by what the queue has work for: up at once, down after a while.</summary>
internal static class WorkerScaling
{
    /// <summary>Decides.</summary>
    /// <param name="queue">Who waits and who has workers.</param>
    /// <param name="present">Replicas now.</param>
    /// <param name="before">The decision before this one; null: there was none.</param>
    /// <param name="now">The time.</param>
    /// <param name="bounds">The least and the most.</param>
    /// <param name="patience">How long workers may idle before some are taken away.</param>
    public static WorkerScale Decide(
        QueueStatus queue,
        int present,
        WorkerScale? before,
        DateTimeOffset now,
        WorkerBounds bounds,
        TimeSpan patience
    )
    {
        ArgumentNullException.ThrowIfNull(queue);
        var needed = Math.Clamp(Needed(queue), bounds.Least, bounds.Most);
        var since = before is { } old && old.Needed == needed ? old.NeededSince : now;
        if (needed > present)
        {
            return new(needed, needed, since, $"the queue has work for {needed} workers, and there are {present}");
        }
        if (needed < present && now - since >= patience)
        {
            return new(needed, needed, since, $"{present - needed} of {present} workers had no work for {patience.TotalSeconds:0} s");
        }
        return new(present, needed, since, needed == present ? "as many as have work" : "some have no work, but perhaps soon");
    }

    /// <summary>Every job may have its maximum, as far as the quota of its namespace goes.</summary>
    private static int Needed(QueueStatus queue) =>
        queue
            .Jobs.GroupBy(job => job.Namespace)
            .Sum(jobs =>
            {
                var most = jobs.Sum(job => job.MaxWorkerCount);
                var quota = queue.Namespaces.FirstOrDefault(name => name.Name == jobs.Key) is { HasQuota: true } limited
                    ? limited.Quota
                    : int.MaxValue;
                return Math.Min(most, quota);
            });
}

/// <summary>How few and how many workers there may be.</summary>
/// <param name="StatefulSet">Whose replicas they are.</param>
/// <param name="Least">While nothing is to be done.</param>
/// <param name="Most">Whatever is to be done.</param>
public sealed record WorkerBounds(string StatefulSet, int Least, int Most)
{
    /// <summary>Reads worker=0..8; null: it is none.</summary>
    public static WorkerBounds? Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        return
            equals > 0
            && dots > equals
            && int.TryParse(text[(equals + 1)..dots], out var least)
            && int.TryParse(text[(dots + 2)..], out var most)
            && 0 <= least
            && least <= most
            ? new(text[..equals], least, most)
            : null;
    }
}
