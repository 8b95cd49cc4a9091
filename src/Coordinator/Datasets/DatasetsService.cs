using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Paging;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Paging;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>gRPC Datasets: clients bring, list and delete, workers download.</summary>
public sealed class DatasetsService(
    DatasetLibrary library,
    DatasetCatalog catalog,
    DatasetPreparation preparation,
    JobStore store,
    TimeProvider time
) : V1.Datasets.DatasetsBase
{
    private const string List = "datasets";
    private static readonly TimeSpan s_pruneAfter = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public override async Task<DatasetInfo> GetDataset(GetDatasetRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return await catalog.DescribeAsync(await FindAsync(request.Fingerprint, context.CancellationToken), Caller.Of(context).Confinement);
    }

    /// <inheritdoc/>
    public override async Task<DatasetInfo> UploadDataset(IAsyncStreamReader<FileChunk> requestStream, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        await using var receiver = library.Receive();
        await receiver.ReceiveAsync(requestStream.ReadAllAsync(cancellationToken), cancellationToken);
        try
        {
            return await KeptAsync(library.Keep(receiver), context);
        }
        catch (DatasetException e)
        {
            throw RpcErrors.Invalid(("file", DatasetLibrary.WithoutFolder(e.Message, receiver.Folder)));
        }
    }

    /// <inheritdoc/>
    public override async Task<DatasetInfo> PrepareDataset(
        IAsyncStreamReader<PrepareDatasetRequest> requestStream,
        ServerCallContext context
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        return await KeptAsync(await preparation.PrepareAsync(requestStream, context.CancellationToken), context);
    }

    /// <inheritdoc/>
    public override async Task DownloadDataset(
        DownloadDatasetRequest request,
        IServerStreamWriter<FileChunk> responseStream,
        ServerCallContext context
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var info = await FindAsync(request.Fingerprint, context.CancellationToken);
        await responseStream.SendAllAsync(FolderSender.ReadAsync(library.Folder(info.Fingerprint)), context.CancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<ListDatasetsResponse> ListDatasets(ListDatasetsRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var size = PageSize.Of(request.PageSize);
        var rest = (await catalog.ListAsync(Caller.Of(context).Confinement)).AsEnumerable();
        if (PageToken.Read(List, request.PageToken) is { } last)
        {
            // By its place in the order, not by its name: it may have been deleted since.
            rest = rest.SkipWhile(use => string.CompareOrdinal(PlaceOf(use), last) <= 0);
        }
        var page = rest.Take(size + 1).ToList();
        var response = new ListDatasetsResponse();
        foreach (var use in page.Take(size).Where(use => library.Has(use.Fingerprint)))
        {
            response.Datasets.Add(await catalog.DescribeAsync(use, context.CancellationToken));
        }
        response.NextPageToken = page.Count > size ? PageToken.Of(List, PlaceOf(page[size - 1])) : "";
        return response;
    }

    /// <inheritdoc/>
    public override async Task<DeleteDatasetResponse> DeleteDataset(DeleteDatasetRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new()
        {
            FreedBytes = await catalog.DeleteAsync(request.Fingerprint, Caller.Of(context).Confinement, context.CancellationToken),
        };
    }

    /// <inheritdoc/>
    public override Task<PruneDatasetsResponse> PruneDatasets(PruneDatasetsRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var age = request.OlderThan?.ToTimeSpan() ?? s_pruneAfter;
        var now = time.GetUtcNow();
        if (age < TimeSpan.Zero || age > now - DateTimeOffset.UnixEpoch)
        {
            throw RpcErrors.Invalid(("older_than", $"{age.TotalSeconds} s: give 0 or more, and not more than there has been time"));
        }
        return catalog.PruneAsync(now - age, request.DryRun, Caller.Of(context).Confinement, context.CancellationToken);
    }

    private async Task<DatasetInfo> KeptAsync(string fingerprint, ServerCallContext context)
    {
        var confinement = Caller.Of(context).Confinement;
        await store.AddDatasetAsync(fingerprint, confinement ?? Caller.DefaultNamespace);
        return await catalog.DescribeAsync(await FindAsync(fingerprint, context.CancellationToken), confinement);
    }

    private async Task<DatasetInfo> FindAsync(string fingerprint, CancellationToken cancellationToken) =>
        await library.FindAsync(fingerprint, cancellationToken)
        ?? throw RpcErrors.NotFound("dataset", fingerprint, "upload it with UploadDataset");

    /// <summary>Sorts as the list does: newest first.</summary>
    private static string PlaceOf(DatasetUse use) =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{long.MaxValue - use.Created.ToUnixTimeMilliseconds():D19} {use.Fingerprint}"
        );
}
