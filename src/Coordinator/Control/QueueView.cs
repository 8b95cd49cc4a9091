using Google.Protobuf.WellKnownTypes;
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
            WorkerCount = ready.Length,
            FreeWorkerCount = ready.Count(w => w.JobId.Length == 0),
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
            Verdict = assignment.Verdict,
            Reason = assignment.Reason,
            WorkerCount = assignment.Workers.Length,
            NeededWorkerCount = job.ToDemand().Least,
            MaxWorkerCount = job.Spec.Workers.Max,
            QueueTime = waits ? Timestamp.FromDateTimeOffset(job.Queued) : null,
            Preempted = waits && job.Preempted,
        };
    }

    private static QueueNamespace Of(string name, IReadOnlyCollection<JobEntry> jobs, QueueOptions options)
    {
        var view = new QueueNamespace
        {
            Name = name,
            WorkerCount = jobs.Sum(j => j.Assignment!.Workers.Length),
            Share = options.Shares.Of(name) ?? 1,
            WaitingJobCount = jobs.Count(j => j.Assignment!.Position > 0),
        };
        if (options.WorkerQuotas.Of(name) is { } quota)
        {
            view.Quota = quota;
        }
        return view;
    }
}
