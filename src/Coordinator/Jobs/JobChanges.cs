using Grpc.Core;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>What changes jobs, whoever wants it: a client of the API, or a reader of the pages. Who may is decided before.</summary>
/// <param name="store">Has the jobs.</param>
/// <param name="control">The actors.</param>
public sealed class JobChanges(JobStore store, IJobControl control)
{
    /// <summary>Suspends or resumes a job: its <c>spec.suspend</c> is stored before anyone acts on it.</summary>
    /// <exception cref="RpcException">NOT_FOUND; FAILED_PRECONDITION (JOB_ENDED).</exception>
    public Task SetSuspendAsync(string id, bool suspend, CancellationToken cancellationToken)
    {
        return EditAsync(id, Edit, cancellationToken);

        JobEdit Edit(StoredJob job)
        {
            RequireNotEnded(job, suspend ? "suspended" : "resumed");
            var spec = job.Spec.Clone();
            spec.Suspend = suspend;
            return new(spec, job.Labels) { Suspend = suspend };
        }
    }

    /// <summary>Cancels a job. One that has ended stays as it is.</summary>
    public async Task CancelAsync(StoredJob job, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (!job.Record.Phase.HasEnded())
        {
            await control.CancelAsync(job.Id, reason, cancellationToken);
        }
    }

    /// <summary>1. stores the change, durable before anyone acts on it; 2. tells the queue; 3. suspends or resumes.</summary>
    /// <exception cref="RpcException">NOT_FOUND, or what <paramref name="change"/> throws.</exception>
    internal async Task EditAsync(string id, Func<StoredJob, JobEdit> change, CancellationToken cancellationToken)
    {
        // 1.
        var (before, edit) = ((JobSpec?)null, (JobEdit?)null);
        var job = await store.EditAsync(
            id,
            found =>
            {
                before = found.Spec;
                return edit = change(found);
            }
        );
        if (job is null)
        {
            throw Unknown(id);
        }
        // 2.
        if (!job.Spec.Equals(before))
        {
            await control.EditedAsync(job, cancellationToken);
        }
        // 3. A request that is repeated finds the specification changed, and perhaps the job not yet.
        if (edit?.Suspend is { } suspend && !job.Record.Phase.HasEnded() && suspend != (job.Record.Phase == JobPhase.Suspended))
        {
            await (suspend ? control.SuspendAsync(id, cancellationToken) : control.ResumeAsync(id, cancellationToken));
        }
    }

    /// <summary>There is no job of this id.</summary>
    internal static RpcException Unknown(string id) => RpcErrors.NotFound("job", id, "list the jobs with ListJobs");

    /// <summary>Refuses what comes after a job's end.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION (JOB_ENDED).</exception>
    internal static void RequireNotEnded(StoredJob job, string what)
    {
        if (job.Record.Phase.HasEnded())
        {
            throw RpcErrors.Precondition("JOB_ENDED", $"job {job.Id} has ended ({job.Record.Reason}) and cannot be {what}");
        }
    }
}
