using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>Brings a prepared dataset folder to the coordinator.</summary>
public static class DatasetUpload
{
    private const int ChunkBytes = 256 * 1024;

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
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var (done, total) = (0L, files.Sum(file => new FileInfo(file).Length));
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
            var buffer = new byte[ChunkBytes];
            foreach (var file in files)
            {
                await using var stream = File.OpenRead(file);
                var path = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
                // An empty file is one empty chunk.
                do
                {
                    var read = await stream.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken);
                    yield return new FileChunk
                    {
                        Path = path,
                        FileBytes = stream.Length,
                        Data = ByteString.CopyFrom(buffer, 0, read),
                    };
                    sent(done += read, total);
                } while (stream.Position < stream.Length);
            }
        }
    }
}
