using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Gathers what the pages show, as far as their reader may see it.</summary>
internal sealed class PageReader(
    JobStore store,
    CheckpointLibrary checkpoints,
    IJobControl control,
    WorkerPulses pulses,
    DataFolder data,
    AlertBoard alerts,
    TimeProvider time
)
{
    private const int Jobs = 50;

    /// <summary>The cluster.</summary>
    public async Task<ClusterPageView> ClusterAsync(Caller caller, CancellationToken cancellationToken)
    {
        var jobs = await store.ListAsync(null, JobFilter.All, Jobs, caller.Confinement);
        var cluster = await ClusterView.ForAsync(caller, control, store, cancellationToken);
        var queue = await control.QueueAsync(caller.Confinement ?? "", cancellationToken);
        return new(jobs, queue, cluster, pulses.Now(), DiskUse.Of(data.Root), alerts.For(caller));
    }

    /// <summary>A job; null: there is none of this id that the reader may see.</summary>
    public async Task<JobPageView?> JobAsync(Caller caller, string id, LogSeverity leastLog)
    {
        if (await FindAsync(caller, id) is not { } job)
        {
            return null;
        }
        var events = await store.NewestEventsAsync(id, JobPageView.ReadEvents);
        var entries = await store.LedgerAsync(id);
        var ledger = LedgerView.Of(id, entries, LedgerLineage.Of(entries));
        return new(
            job,
            [.. events.Where(e => e.Log is null && e.Fault is null).Take(JobPageView.MostEvents)],
            JobLog.Of(events, leastLog),
            GenerationTimeline.Of(ledger, events, job.Record.Ended, time.GetUtcNow()),
            ledger,
            [.. checkpoints.List(id).Reverse()],
            Model(job) is not null,
            MayChange(caller)
        );
    }

    /// <summary>Jobs to compare, in the order of their ids.</summary>
    public async Task<ComparePageView> CompareAsync(Caller caller, IReadOnlyList<string> ids)
    {
        var jobs = new List<StoredJob>();
        var missing = new List<string>();
        foreach (var id in ids.Distinct(StringComparer.Ordinal).Take(ComparePageView.MostJobs))
        {
            if (await FindAsync(caller, id) is { } job)
            {
                jobs.Add(job);
            }
            else
            {
                missing.Add(id);
            }
        }
        return new(jobs, missing);
    }

    /// <summary>A job that the reader may see.</summary>
    public async Task<StoredJob?> FindAsync(Caller caller, string id) =>
        await store.GetAsync(id) is { } job && caller.Covers(job.Namespace) ? job : null;

    /// <summary>The folder of a job's model; null: there is none.</summary>
    public string? Model(StoredJob job) => job.Record.Phase == JobPhase.Succeeded ? checkpoints.Model(job.Id) : null;

    /// <summary>Whether a reader may suspend, resume and cancel jobs.</summary>
    public static bool MayChange(Caller caller) => caller.Is(AccessRole.Submitter);
}
