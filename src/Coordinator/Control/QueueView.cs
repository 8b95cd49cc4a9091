using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>The queue as clients see it.</summary>
internal static class QueueView
{
    /// <summary>What was decided last, and what it was decided by.</summary>
    /// <param name="name">Jobs of one namespace alone; empty: of all.</param>
    /// <param name="jobs">All jobs that have not ended.</param>
    /// <param name="workers">All workers that are known.</param>
    /// <param name="options">Quotas and shares.</param>
    public static QueueStatus Of(
        string name,
        IReadOnlyCollection<JobEntry> jobs,
        IReadOnlyCollection<WorkerEntry> workers,
        QueueOptions options
    )
    {
        var seen = jobs.Where(j => j.Assignment is not null && (name.Length == 0 || j.Namespace == name)).ToArray();
        var ready = workers.Where(w => w is { Reachable: true, Draining: false }).ToArray();
        var named = options.WorkerQuotas.Numbers.Keys.Concat(options.Shares.Numbers.Keys).Where(n => n != "*");
        return new()
        {
            Jobs =
            {
                seen.OrderBy(j => j.Assignment!.Position is 0 ? int.MaxValue : j.Assignment.Position).ThenBy(j => j.Number).Select(Of),
            },
            Namespaces =
            {
                seen.Select(j => j.Namespace)
                    .Concat(name.Length == 0 ? named : [name])
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)
                    .Select(n => Of(n, [.. seen.Where(j => j.Namespace == n)], options)),
            },
            Workers = ready.Length,
            FreeWorkers = ready.Count(w => w.JobId.Length == 0),
        };
    }

    private static QueuedJob Of(JobEntry job)
    {
        var assignment = job.Assignment!;
        var waits = job.Phase == JobPhase.Waiting;
        return new()
        {
            JobId = job.Id,
            Name = job.Spec.Name,
            Namespace = job.Namespace,
            Priority = job.Spec.Priority,
            State = job.Phase.ToJobState(),
            Position = assignment.Position,
            Verdict = Label(assignment.Verdict),
            Reason = assignment.Reason,
            Workers = assignment.Workers.Length,
            NeededWorkers = job.ToDemand().Least,
            MaxWorkers = job.Spec.Workers.Max,
            Queued = waits ? Timestamp.FromDateTimeOffset(job.Queued) : null,
            WasPreempted = waits && job.Preempted,
        };
    }

    private static QueueNamespace Of(string name, IReadOnlyCollection<JobEntry> jobs, QueueOptions options) =>
        new()
        {
            Name = name,
            Workers = jobs.Sum(j => j.Assignment!.Workers.Length),
            Quota = options.WorkerQuotas.Of(name) ?? 0,
            HasQuota = options.WorkerQuotas.Of(name) is not null,
            Share = options.Shares.Of(name) ?? 1,
            WaitingJobs = jobs.Count(j => j.Assignment!.Position > 0),
        };

    /// <summary>GivesBack is gives_back.</summary>
    private static string Label(QueueVerdict verdict) =>
        string.Concat(verdict.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
