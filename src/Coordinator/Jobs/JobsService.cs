using System.Collections.Immutable;
using System.Security.Cryptography;
using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Paging;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Jobs;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>
/// gRPC Jobs: what clients call. Reads come from the store; commands go through the actors and are durable when answered.
/// </summary>
public sealed partial class JobsService(
    JobStore store,
    DatasetLibrary datasets,
    CheckpointLibrary checkpoints,
    CheckpointModels models,
    LedgerAudits audits,
    IJobControl control,
    JobChanges changes,
    Admission admission,
    TimeProvider time
) : V1.Jobs.JobsBase
{
    private const int EventsAtOnce = 200;

    private const int GreatestRequestId = 200;

    // It travels in one message of the actors with much else.
    private const int GreatestSpecBytes = 64 * 1024;

    /// <inheritdoc/>
    public override async Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var sent = request.Spec ?? throw RpcErrors.Invalid(("spec", "is missing"));
        var problems = JobLabels.Problems(request.Labels, "labels").ToList();
        if (request.RequestId.Length > GreatestRequestId || request.RequestId.Any(char.IsControl))
        {
            problems.Add(("request_id", $"is longer than {GreatestRequestId} characters, or has control characters; a UUID is usual"));
        }
        var caller = Caller.Of(context);
        var name = NamespaceOf(request, caller);
        if (sent.CalculateSize() > GreatestSpecBytes)
        {
            throw RpcErrors.Invalid(("spec", $"is larger than {GreatestSpecBytes} bytes; give shorter names"));
        }
        problems.AddRange(JobSpecValidator.Validate(sent).Select(v => (FieldPaths.OfSetting(v.Field), v.Description)));
        if (sent.Dataset is not { HasFingerprint: true })
        {
            problems.Add(
                (FieldPaths.OfSetting("dataset.fingerprint"), "is missing; prepare the dataset and upload it with UploadDataset first")
            );
        }
        if (problems.Count > 0)
        {
            throw RpcErrors.Invalid([.. problems]);
        }
        var now = time.GetUtcNow();
        var spec = JobSpecDefaults.Fill(sent);
        await admission.RequireAsync(store, name, caller, spec);
        if (await datasets.FindAsync(sent.Dataset.Fingerprint, context.CancellationToken) is null)
        {
            throw DatasetMissing(sent.Dataset.Fingerprint);
        }
        var id = $"{spec.Name}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var start = JobMachine.Create(id, spec, now);
        var submitted = new StoredJob(0, id, request.RequestId, spec, now, start.Record, start.Progress.ToProto(0, 0))
        {
            Namespace = name,
            Owner = caller.Name,
            Labels = request.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            TraceParent = TraceParent.Write(CallTrace.Of(context)),
        };
        // Nobody deletes it between this look and the job that needs it.
        using var held = await datasets.HoldAsync(context.CancellationToken);
        if (!datasets.Has(spec.Dataset.Fingerprint))
        {
            throw DatasetMissing(spec.Dataset.Fingerprint);
        }
        if (request.ValidateOnly)
        {
            return (submitted with { Id = "" }).ToJob();
        }
        var (outcome, job) = await store.CreateAsync(submitted, sent);
        if (outcome == CreateOutcome.Conflict)
        {
            throw RpcErrors.Info(
                StatusCode.AlreadyExists,
                "REQUEST_ID_USED",
                $"request id '{request.RequestId}' made job {job.Id} from another specification; use a new request id for a new job"
            );
        }
        if (outcome == CreateOutcome.Created)
        {
            control.JobCreated(job);
        }
        return job.ToJob();
    }

    /// <inheritdoc/>
    public override async Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
        (await FindAsync(request.Id, context)).ToJob();

    /// <inheritdoc/>
    public override async Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var caller = Caller.Of(context);
        var filter = FilterOf(request.Filter);
        var scope = $"ListJobs\n{request.Filter}\n{caller.Confinement}";
        long? before =
            request.PageToken.Length == 0
                ? null
                : NumberToken.Read(
                    "page_token",
                    request.PageToken,
                    scope,
                    await store.NewestJobAsync(),
                    "pass the next_page_token of the page before, with the same filter"
                );
        var size = PageSize.Of(request.PageSize);
        var page = await store.ListAsync(before, filter, size + 1, caller.Confinement);
        var response = new ListJobsResponse { Jobs = { page.Take(size).Select(j => j.ToJob()) } };
        if (page.Count > size)
        {
            response.NextPageToken = NumberToken.Of(scope, page[size - 1].Number);
        }
        return response;
    }

    /// <inheritdoc/>
    public override async Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        // In this order nothing is missed: what is added after the look wakes the signal taken before it.
        if (await store.NamespaceAsync(Given(request.Id)) is not { } name || !Caller.Of(context).Covers(name))
        {
            throw Unknown(request.Id);
        }
        var after =
            request.ResumeToken.Length == 0
                ? 0
                : EventToken.Read(request.Id, request.ResumeToken, await store.NewestEventAsync(request.Id));
        using var signal = store.Watch(request.Id);
        var ended = await HasEndedAsync(request.Id);
        while (true)
        {
            var events = await store.EventsAsync(request.Id, after, EventsAtOnce);
            foreach (var e in events)
            {
                await responseStream.WriteAsync(e, context.CancellationToken);
                after = EventToken.Read(request.Id, e.Token, long.MaxValue);
                // Logs of workers may come in after the end; the stream ends with the job.
                if (e.State is { } changed && changed.State.HasEnded())
                {
                    return;
                }
            }
            if (events.Count == EventsAtOnce)
            {
                continue;
            }
            if (ended || request.UntilNow)
            {
                return;
            }
            // Woken for nothing: the job was deleted, or ended at an event before the token.
            if (events.Count == 0 && (ended = await HasEndedAsync(request.Id)))
            {
                continue;
            }
            await signal.WaitAsync(context.CancellationToken);
        }
    }

    /// <inheritdoc/>
    public override async Task GetArtifacts(
        GetArtifactsRequest request,
        IServerStreamWriter<FileChunk> responseStream,
        ServerCallContext context
    )
    {
        var job = await FindAsync(request.Id, context);
        if (job.Record.Phase != JobPhase.Succeeded || checkpoints.Model(job.Id) is not { } folder)
        {
            if (request.NewestCheckpoint && await models.MakeAsync(job, context.CancellationToken) is { } model)
            {
                await using (model)
                {
                    await responseStream.SendAllAsync(FolderSender.ReadAsync(model.Folder), context.CancellationToken);
                }
                return;
            }
            throw RpcErrors.Precondition(
                "NO_ARTIFACTS",
                $"job {job.Id} has left no model{(request.NewestCheckpoint ? " and has no checkpoint" : "")}: it is "
                    + $"{job.Record.Phase.ToJobState().Word()} ({job.Record.Reason})"
            );
        }
        await responseStream.SendAllAsync(FolderSender.ReadAsync(folder), context.CancellationToken);
    }

    /// <inheritdoc/>
    public override Task<ClusterStatus> GetCluster(GetClusterRequest request, ServerCallContext context) =>
        ClusterView.ForAsync(Caller.Of(context), control, store, context.CancellationToken);

    /// <inheritdoc/>
    public override Task<QueueStatus> GetQueue(GetQueueRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var caller = Caller.Of(context);
        var name = request.Namespace.Length > 0 ? Proper(request.Namespace) : caller.Confinement ?? "";
        return name.Length == 0 || caller.Covers(name)
            ? control.QueueAsync(name, context.CancellationToken)
            : throw RpcErrors.Info(
                StatusCode.PermissionDenied,
                "PERMISSION_DENIED",
                $"{caller.Name} may not see the namespace {name}, only {caller.Confinement}"
            );
    }

    /// <summary>Jobs of other namespaces are not there.</summary>
    private async Task<StoredJob> FindAsync(string id, ServerCallContext context, string field = "id") =>
        await store.GetAsync(Given(id, field)) is { } job && Caller.Of(context).Covers(job.Namespace) ? job : throw Unknown(id);

    private static RpcException DatasetMissing(string fingerprint) =>
        RpcErrors.Precondition(
            "DATASET_MISSING",
            $"the coordinator does not hold dataset {fingerprint}; upload it with UploadDataset first"
        );

    private static RpcException Unknown(string id) => JobChanges.Unknown(id);

    private static string NamespaceOf(CreateJobRequest request, Caller caller)
    {
        var name = request.Namespace.Length > 0 ? request.Namespace : caller.Confinement ?? Caller.DefaultNamespace;
        return caller.Covers(Proper(name))
            ? name
            : throw RpcErrors.Info(
                StatusCode.PermissionDenied,
                "PERMISSION_DENIED",
                $"{caller.Name} may not submit to the namespace {name}, only to {caller.Confinement}"
            );
    }

    private static string Proper(string name) =>
        Namespaces.IsName(name) ? name : throw RpcErrors.Invalid(("namespace", $"'{Echo.Of(name)}': {Namespaces.Rule}"));

    private static JobFilter FilterOf(string text)
    {
        try
        {
            return JobFilter.Parse(text);
        }
        catch (FilterException e)
        {
            throw RpcErrors.Invalid(("filter", e.Message));
        }
    }

    private async Task<bool> HasEndedAsync(string id) => (await store.StateAsync(id) ?? throw Unknown(id)).HasEnded();

    private static string Given(string id, string field = "id") =>
        id.Length > 0 ? id : throw RpcErrors.Invalid((field, "is empty; give the id of a job"));
}
