using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Paging;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>gRPC Checkpoints: workers store and fetch state, and store the final model.</summary>
public sealed class CheckpointsService(CheckpointLibrary library, JobStore store, IJobControl control) : V1.Checkpoints.CheckpointsBase
{
    private const int MaxParts = 4096;

    /// <inheritdoc/>
    public override async Task<CheckpointInfo> StoreCheckpoint(
        IAsyncStreamReader<StoreCheckpointRequest> requestStream,
        ServerCallContext context
    )
    {
        var (header, job) = await HeaderAsync(requestStream, context);
        await using var receiver = library.Receive(job.Id);
        await ReceiveAsync(receiver, requestStream, context.CancellationToken);
        if (header.Parts <= 1)
        {
            return await KeepAsync(receiver, header, job, context);
        }
        await using var whole = await library.AddPartAsync(receiver, header, context.CancellationToken);
        return whole is null ? new() { JobId = job.Id, Step = header.Step } : await KeepAsync(whole, header, job, context);
    }

    private async Task<CheckpointInfo> KeepAsync(FolderReceiver received, CheckpointHeader header, StoredJob job, ServerCallContext context)
    {
        RequireSafetensors(received, CheckpointManifest.StateFile);
        var info = await library.KeepAsync(received, header, job.Spec.Checkpoint.KeepLatest, context.CancellationToken);
        control.CheckpointsChanged(job.Id);
        return info;
    }

    /// <inheritdoc/>
    public override async Task<CheckpointInfo> StoreModel(
        IAsyncStreamReader<StoreCheckpointRequest> requestStream,
        ServerCallContext context
    )
    {
        var (header, job) = await HeaderAsync(requestStream, context);
        await using var receiver = library.Receive(job.Id);
        await ReceiveAsync(receiver, requestStream, context.CancellationToken);
        RequireSafetensors(receiver, ModelFolder.WeightsFile);
        return library.KeepModel(receiver, header);
    }

    /// <inheritdoc/>
    public override async Task FetchCheckpoint(
        FetchCheckpointRequest request,
        IServerStreamWriter<FileChunk> responseStream,
        ServerCallContext context
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        await PlanAsync(await JobIdAsync(request.JobId), request.Generation, context);
        // The listing tells what is there: no name from outside becomes a path.
        if (library.List(request.JobId).All(c => c.CheckpointId != request.CheckpointId))
        {
            throw RpcErrors.NotFound("checkpoint", request.CheckpointId, $"list those of {request.JobId} with ListCheckpoints");
        }
        var problem = await library.VerifyAsync(request.JobId, request.CheckpointId, cancellationToken);
        if (problem is not null)
        {
            control.CheckpointsChanged(request.JobId);
            throw RpcErrors.Info(
                StatusCode.DataLoss,
                "CHECKPOINT_DAMAGED",
                $"checkpoint {request.CheckpointId} of {request.JobId} is damaged: {problem}; take the one before"
            );
        }
        await responseStream.SendAllAsync(
            FolderSender
                .ReadAsync(library.Folder(request.JobId, request.CheckpointId), cancellationToken)
                .Where(chunk => chunk.Path != CheckpointManifest.FileName),
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public override async Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (
            Caller.Of(context) is { IsWorker: false } caller
            && await store.NamespaceAsync(request.JobId) is { } name
            && !caller.Covers(name)
        )
        {
            throw Unknown(request.JobId);
        }
        var all = library.List(await JobIdAsync(request.JobId));
        var scope = $"ListCheckpoints\n{request.JobId}";
        var after =
            request.PageToken.Length == 0
                ? -1
                : NumberToken.Read(
                    "page_token",
                    request.PageToken,
                    scope,
                    all.Select(c => c.Step).DefaultIfEmpty(-1).Max(),
                    "pass the next_page_token of the page before"
                );
        var rest = all.Where(c => c.Step > after).OrderBy(c => c.Step).ToArray();
        var size = PageSize.Of(request.PageSize);
        // Checkpoints of one step stay on one page: the next one begins after the step.
        var page = rest.TakeWhile((c, i) => i < size || c.Step == rest[size - 1].Step).ToArray();
        var response = new ListCheckpointsResponse { Checkpoints = { page } };
        if (page.Length < rest.Length)
        {
            response.NextPageToken = NumberToken.Of(scope, page[^1].Step);
        }
        return response;
    }

    /// <summary>Refuses a header that can be of no job.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    internal static void RequireSensible(CheckpointHeader header)
    {
        if (header.Step < 0)
        {
            throw RpcErrors.Invalid(("header.step", $"{header.Step} is negative"));
        }
        if (header.Parts is < 0 or > MaxParts || header.Part < 0 || (header.Part > 0 && header.Part >= header.Parts))
        {
            throw RpcErrors.Invalid(
                ("header.part", $"{header.Part} is none of {header.Parts} parts; they are 0 to parts - 1, at most {MaxParts}")
            );
        }
    }

    private async Task<string> JobIdAsync(string jobId) => await store.StateAsync(jobId) is not null ? jobId : throw Unknown(jobId);

    private static RpcException Unknown(string jobId) => RpcErrors.NotFound("job", jobId, "list the jobs with ListJobs");

    /// <summary>The generation that the caller is a member of.</summary>
    private async Task<StartGeneration> PlanAsync(string jobId, long generation, ServerCallContext context)
    {
        var plan = await store.PlanAsync(jobId, generation);
        GroupToken.Require(context, plan?.GroupToken, jobId, generation);
        return plan!;
    }

    private async Task<(CheckpointHeader Header, StoredJob Job)> HeaderAsync(
        IAsyncStreamReader<StoreCheckpointRequest> requests,
        ServerCallContext context
    )
    {
        if (!await requests.MoveNext(context.CancellationToken) || requests.Current.Header is not { } header)
        {
            throw RpcErrors.Invalid(("header", "is missing; send it in the first message"));
        }
        RequireSensible(header);
        var job = await store.GetAsync(header.JobId) ?? throw Unknown(header.JobId);
        if (job.Record.Phase.HasEnded())
        {
            throw RpcErrors.Precondition("JOB_ENDED", $"job {job.Id} has ended ({job.Record.Reason}); it takes no more files");
        }
        var plan = await PlanAsync(job.Id, header.Generation, context);
        // No upper bound before the first report: how many steps an epoch has, the members know first.
        if (header.Step < plan.BaseStep || (job.Progress.TotalStepCount > 0 && header.Step > job.Progress.TotalStepCount))
        {
            throw RpcErrors.Invalid(
                (
                    "header.step",
                    $"generation {header.Generation} of {job.Id} cannot have step {header.Step}; its steps are {plan.BaseStep} to "
                        + $"{job.Progress.TotalStepCount}"
                )
            );
        }
        return (header, job);
    }

    /// <summary>What is stored replaces what was there: it must be what it is called.</summary>
    private static void RequireSafetensors(FolderReceiver received, string name)
    {
        if (received.Files.All(f => f.Path != name))
        {
            throw RpcErrors.Invalid(("file", $"there is no {name} among the files"));
        }
        try
        {
            using var file = Safetensors.Open(Path.Combine(received.Folder, name));
        }
        catch (InvalidDataException e)
        {
            // The text names our temporary folder, which means nothing to the caller.
            throw RpcErrors.Invalid(
                ("file", e.Message.Replace(received.Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal))
            );
        }
    }

    private static async Task ReceiveAsync(
        FolderReceiver receiver,
        IAsyncStreamReader<StoreCheckpointRequest> requests,
        CancellationToken cancellationToken
    )
    {
        await receiver.ReceiveAsync(ChunksAsync(), cancellationToken);

        async IAsyncEnumerable<FileChunk> ChunksAsync()
        {
            // The first message may carry a chunk beside the header.
            if (requests.Current.File is { } first)
            {
                yield return first;
            }
            await foreach (var request in requests.ReadAllAsync(cancellationToken))
            {
                yield return request.File ?? throw RpcErrors.Invalid(("file", "is missing in a message after the first"));
            }
        }
    }
}
