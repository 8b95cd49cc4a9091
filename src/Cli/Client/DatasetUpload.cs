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
        var request = new GetDatasetRequest { Fingerprint = fingerprint };
        try
        {
            await connection.CallAsync(options => connection.Datasets.GetDatasetAsync(request, options), cancellationToken);
            return true;
        }
        catch (CliException exception) when (exception.InnerException is RpcException { StatusCode: StatusCode.NotFound })
        {
            return false;
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
        using var limit = new StreamLimit(connection.Time, cancellationToken);
        try
        {
            using var call = connection.Datasets.UploadDataset(cancellationToken: limit.Token);
            return await call.SendAllAsync(ChunksAsync(), limit.Token);
        }
        catch (Exception exception) when (limit.IsOver)
        {
            throw RpcErrors.Silent(connection.Address, exception);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }

        async IAsyncEnumerable<FileChunk> ChunksAsync()
        {
            await foreach (var chunk in FolderSender.ReadAsync(folder, limit.Token))
            {
                limit.Moved();
                yield return chunk;
                sent(done += chunk.Data.Length, total);
            }
        }
    }
}
