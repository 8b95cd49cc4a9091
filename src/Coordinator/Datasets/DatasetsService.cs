using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>gRPC Datasets: clients upload, workers download.</summary>
public sealed class DatasetsService(DatasetLibrary library) : V1.Datasets.DatasetsBase
{
    /// <inheritdoc/>
    public override async Task<DatasetInfo> GetDataset(GetDatasetRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return await FindAsync(request.Fingerprint, context.CancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<DatasetInfo> UploadDataset(IAsyncStreamReader<FileChunk> requestStream, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        await using var receiver = library.Receive();
        await receiver.ReceiveAsync(requestStream.ReadAllAsync(cancellationToken), cancellationToken);
        try
        {
            var fingerprint = library.Keep(receiver);
            return (await library.FindAsync(fingerprint, cancellationToken))!;
        }
        catch (DatasetException e)
        {
            // The text names our temporary folder, which means nothing to the client.
            var text = e
                .Message.Replace(receiver.Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
                .Replace(receiver.Folder, "the dataset", StringComparison.Ordinal);
            throw RpcErrors.Invalid(("file", text));
        }
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

    private async Task<DatasetInfo> FindAsync(string fingerprint, CancellationToken cancellationToken) =>
        await library.FindAsync(fingerprint, cancellationToken)
        ?? throw RpcErrors.NotFound("dataset", fingerprint, "upload it with UploadDataset");
}
