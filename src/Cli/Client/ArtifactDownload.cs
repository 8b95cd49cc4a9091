using Grpc.Core;
using TrainingCluster.Checkpoints;
using TrainingCluster.Cli.Local;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>Takes a job's model folder from the coordinator.</summary>
public static class ArtifactDownload
{
    /// <summary>
    /// Receives all files into <paramref name="folder"/>, checking sizes and checksums. A new folder appears whole or not at all: files
    /// go to a temporary folder beside it first. A folder that is there stays (it may be a mount point, or a link to another disk):
    /// files go to a temporary folder inside, and then replace those of their names, the manifest last.
    /// </summary>
    /// <param name="connection">The coordinator.</param>
    /// <param name="id">The job.</param>
    /// <param name="folder">Where the files go; see <see cref="OutputFolder.RequireModel"/>.</param>
    /// <param name="cancellationToken">Ends the call and removes what came.</param>
    /// <returns>The received files.</returns>
    public static async Task<IReadOnlyList<StoredFile>> ReceiveAsync(
        ClusterConnection connection,
        string id,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        OutputFolder.RequireModel(target, replace: true);
        var isThere = Directory.Exists(target);
        using var limit = new StreamLimit(connection.Time, cancellationToken);
        try
        {
            await connection.RequireAnswerAsync(cancellationToken);
            await using var receiver = new FolderReceiver(isThere ? target : Path.GetDirectoryName(target)!);
            OwnedResources.Add(receiver.Folder);
            using var call = connection.Jobs.GetArtifacts(new GetArtifactsRequest { Id = id }, cancellationToken: limit.Token);
            await receiver.ReceiveAsync(ChunksAsync(call), limit.Token);
            if (isThere)
            {
                OutputFolder.MoveInto(target, receiver.Folder, [.. receiver.Files.Select(file => file.Path)]);
            }
            else
            {
                receiver.MoveTo(target);
            }
            OwnedResources.Remove(receiver.Folder);
            return receiver.Files;
        }
        catch (Exception exception) when (limit.IsOver)
        {
            throw RpcErrors.Silent(connection.Address, exception);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }
        catch (FileTransferException exception)
        {
            throw new CliException($"the model of job {id}: {exception.Message}");
        }

        async IAsyncEnumerable<FileChunk> ChunksAsync(AsyncServerStreamingCall<FileChunk> call)
        {
            await foreach (var chunk in call.ResponseStream.ReadAllAsync(limit.Token))
            {
                limit.Moved();
                yield return chunk;
            }
        }
    }
}
