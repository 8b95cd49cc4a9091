using System.Globalization;
using Grpc.Core;
using TrainingCluster.Files;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Models;

/// <summary>
/// The models of jobs that have succeeded, and of jobs that live those of their newest checkpoints, fetched from their coordinator when
/// they are first called.
/// </summary>
/// <param name="jobs">The coordinator's job API.</param>
/// <param name="address">Where it is, for messages.</param>
/// <param name="jobId">The job; null: every job that the coordinator shows.</param>
/// <param name="folder">Gets a folder for each model.</param>
/// <param name="settings">How long to wait.</param>
/// <param name="time">The clock.</param>
internal sealed class JobSource(
    V1.Jobs.JobsClient jobs,
    string address,
    string? jobId,
    string folder,
    ModelSettings settings,
    TimeProvider time
) : IModelSource
{
    private const int PageSize = 500;

    private const string Usable = "state = SUCCEEDED OR state = RUNNING OR state = QUEUED OR state = SUSPENDED";

    /// <inheritdoc/>
    public string Name => jobId is null ? $"the coordinator at {address}" : $"job {jobId} at {address}";

    /// <inheritdoc/>
    public bool IsNamed => jobId is not null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ModelOffer>> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            return jobId is null ? await ListAsync(cancellationToken) : [await GetAsync(jobId, cancellationToken)];
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Silent(error);
        }
    }

    /// <inheritdoc/>
    public async Task<string> FetchAsync(ModelOffer offer, CancellationToken cancellationToken)
    {
        var target = Path.Combine(FolderOf(offer.Id), offer.Version);
        if (Directory.Exists(target))
        {
            return target;
        }
        Forget(offer.Id);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var silence = new CancellationTokenSource(settings.AnswerTimeout, time);
        await using var cancelling = silence.Token.Register(limit.Cancel);
        try
        {
            await using var receiver = new FolderReceiver(folder);
            using var call = jobs.GetArtifacts(
                new GetArtifactsRequest { Id = offer.Id, NewestCheckpoint = true },
                cancellationToken: limit.Token
            );
            await foreach (var chunk in call.ResponseStream.ReadAllAsync(limit.Token))
            {
                silence.CancelAfter(settings.AnswerTimeout);
                await receiver.WriteAsync(chunk, limit.Token);
            }
            await receiver.CompleteAsync(limit.Token);
            receiver.MoveTo(target);
            return target;
        }
        catch (Exception error) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ModelSourceException($"{Name} does not send model {offer.Id} any further", error);
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Silent(error);
        }
        catch (FileTransferException error)
        {
            throw new ModelSourceException($"{Name}: model {offer.Id}: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Forget(string id)
    {
        if (Directory.Exists(FolderOf(id)))
        {
            Directory.Delete(FolderOf(id), recursive: true);
        }
    }

    private string FolderOf(string id) => Path.Combine(folder, id);

    private CallOptions Within(CancellationToken cancellationToken) =>
        new(deadline: time.GetUtcNow().UtcDateTime + settings.AnswerTimeout, cancellationToken: cancellationToken);

    private async Task<ModelOffer> GetAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return OfferOf(await jobs.GetJobAsync(new GetJobRequest { Id = id }, Within(cancellationToken)));
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.NotFound)
        {
            return new(id, "", "", $"{address}: {error.Status.Detail}", false, "");
        }
    }

    private async Task<IReadOnlyList<ModelOffer>> ListAsync(CancellationToken cancellationToken)
    {
        var (offers, token) = (new List<ModelOffer>(), "");
        do
        {
            var request = new ListJobsRequest
            {
                PageSize = PageSize,
                PageToken = token,
                Filter = Usable,
            };
            var page = await jobs.ListJobsAsync(request, Within(cancellationToken));
            // Of jobs that nobody has named, those are of no interest that have nothing yet.
            offers.AddRange(page.Jobs.Select(OfferOf).Where(offer => !offer.IsWaiting));
            token = page.NextPageToken;
        } while (token.Length > 0);
        return offers;
    }

    private static ModelOffer OfferOf(Job job)
    {
        // The coordinator makes ids that are safe as names of folders; what else answers need not.
        if (!RelativePath.IsSafe(job.Id) || job.Id.Contains('/', StringComparison.Ordinal))
        {
            return new(job.Id, job.Namespace, "", $"'{job.Id}' is no id of a job", false, "");
        }
        var isLive = job.State is JobState.Queued or JobState.Running or JobState.Suspended;
        if (isLive && job.Progress is { CheckpointStep: > 0 } trained)
        {
            var step = trained.CheckpointStep.ToString(CultureInfo.InvariantCulture);
            return new(job.Id, job.Namespace, $"step-{step}", "", false, "")
            {
                Note = $"job {job.Id} is {job.State.Word()}: weights of step {step}",
            };
        }
        return job.State == JobState.Succeeded
            ? new(
                job.Id,
                job.Namespace,
                job.WeightsSha256 is { Length: > 0 } hash && hash.All(char.IsAsciiHexDigit) ? hash : "model",
                "",
                false,
                job.WeightsSha256
            )
            : new(
                job.Id,
                job.Namespace,
                "",
                isLive
                    ? $"job {job.Id} is {job.State.Word()}{Progress(job)}: its model can be called once it has a checkpoint"
                    : $"job {job.Id} is {job.State.Word()} and left no model: {job.Reason}",
                isLive,
                ""
            );
    }

    private static string Progress(Job job) =>
        job.Progress is { Step: > 0 } progress
            ? $" (step {progress.Step}{(progress.TotalStepCount > 0 ? $" of {progress.TotalStepCount}" : "")})"
            : "";

    private ModelSourceException Silent(RpcException error) =>
        new($"the coordinator at {address} does not answer as it should: {error.StatusCode}: {error.Status.Detail}", error);
}
