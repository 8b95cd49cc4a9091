using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>Brings a prepared dataset folder to the coordinator.</summary>
public static class DatasetUpload
{
    /// <summary>True: the coordinator holds the dataset already.</summary>
    public static async Task<bool> IsThereAsync(ClusterConnection connection, string fingerprint, CancellationToken cancellationToken)
    {
        try
        {
            await connection.Datasets.GetDatasetAsync(
                new GetDatasetRequest { Fingerprint = fingerprint },
                cancellationToken: cancellationToken
            );
            return true;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }
    }

    /// <summary>Sends every file of <paramref name="folder"/>.</summary>
    /// <param name="connection">The coordinator.</param>
    /// <param name="folder">A dataset folder.</param>
    /// <param name="sent">Told after each chunk: bytes sent and bytes in all.</param>
    /// <param name="cancellationToken">Ends the call; the coordinator then drops what came.</param>
    public static async Task<DatasetInfo> SendAsync(
        ClusterConnection connection,
        string folder,
        Action<long, long> sent,
        CancellationToken cancellationToken
    )
    {
        var (done, total) = (0L, FolderSender.Paths(folder).Sum(path => new FileInfo(Path.Combine(folder, path)).Length));
        try
        {
            using var call = connection.Datasets.UploadDataset(cancellationToken: cancellationToken);
            return await call.SendAllAsync(ChunksAsync(), cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }

        async IAsyncEnumerable<FileChunk> ChunksAsync()
        {
            await foreach (var chunk in FolderSender.ReadAsync(folder, cancellationToken))
            {
                yield return chunk;
                sent(done += chunk.Data.Length, total);
            }
        }
    }
}
