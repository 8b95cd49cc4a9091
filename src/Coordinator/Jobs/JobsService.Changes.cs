using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

// What changes jobs: update, suspend, resume, cancel, delete.
public sealed partial class JobsService
{
    /// <inheritdoc/>
    public override async Task<Job> UpdateJob(UpdateJobRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var wanted = request.Job ?? throw RpcErrors.Invalid(("job", "is missing; give its id and the new values"));
        await FindAsync(wanted.Id, context, "job.id");
        if (request.ValidateOnly)
        {
            var job = await FindAsync(wanted.Id, context);
            var edit = Edit(job);
            return (job with { Spec = edit.Spec, Labels = edit.Labels }).ToJob();
        }
        await changes.EditAsync(wanted.Id, Edit, context.CancellationToken);
        return (await FindAsync(wanted.Id, context)).ToJob();

        JobEdit Edit(StoredJob job)
        {
            RequireCurrent(job, wanted.Etag);
            var edit = JobEdit.Of(job, wanted, request.UpdateMask);
            if (!edit.Spec.Equals(job.Spec))
            {
                JobChanges.RequireNotEnded(job, "changed, but for its labels");
                admission.RequireSpec(job.Namespace, edit.Spec);
            }
            return edit;
        }
    }

    /// <inheritdoc/>
    public override async Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context)
    {
        var job = await FindAsync(request.Id, context);
        RequireCurrent(job, request.Etag);
        await changes.CancelAsync(job, request.Reason, context.CancellationToken);
        return (await FindAsync(request.Id, context)).ToJob();
    }

    /// <inheritdoc/>
    public override Task<Job> SuspendJob(SuspendJobRequest request, ServerCallContext context) =>
        SetSuspendAsync(request.Id, true, context);

    /// <inheritdoc/>
    public override Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context) => SetSuspendAsync(request.Id, false, context);

    private async Task<Job> SetSuspendAsync(string id, bool suspend, ServerCallContext context)
    {
        await FindAsync(id, context);
        await changes.SetSuspendAsync(id, suspend, context.CancellationToken);
        return (await FindAsync(id, context)).ToJob();
    }

    /// <inheritdoc/>
    public override async Task<Empty> DeleteJob(DeleteJobRequest request, ServerCallContext context)
    {
        var found = await FindAsync(request.Id, context);
        await store.DeleteAsync(
            found.Id,
            job =>
            {
                RequireCurrent(job, request.Etag);
                if (!job.Record.Phase.HasEnded())
                {
                    throw RpcErrors.Precondition(
                        "JOB_NOT_ENDED",
                        $"job {job.Id} is {job.Record.Phase.ToJobState().Word()}; cancel it first"
                    );
                }
            }
        );
        checkpoints.Remove(found.Id);
        return new();
    }

    private static void RequireCurrent(StoredJob job, string etag)
    {
        if (!JobEtag.IsCurrent(job, etag))
        {
            throw RpcErrors.Info(
                StatusCode.Aborted,
                "ETAG_MISMATCH",
                $"job {job.Id} has changed since its etag '{Echo.Of(etag)}' was read; read it again, and decide anew"
            );
        }
    }
}
