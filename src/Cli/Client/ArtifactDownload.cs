using Grpc.Core;
using TrainingCluster.Checkpoints;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>Takes a job's model folder from the coordinator.</summary>
public static class ArtifactDownload
{
    /// <summary>
    /// Receives all files into <paramref name="folder"/>, checking sizes and checksums. The folder appears whole or not at all:
    /// files go to a temporary folder beside it first.
    /// </summary>
    /// <param name="connection">The coordinator.</param>
    /// <param name="id">The job.</param>
    /// <param name="folder">Where the files go; see <see cref="Require"/>.</param>
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
        Require(target, replace: true);
        try
        {
            await using var receiver = new FolderReceiver(Path.GetDirectoryName(target)!);
            using var call = connection.Jobs.GetArtifacts(new GetArtifactsRequest { Id = id }, cancellationToken: cancellationToken);
            await receiver.ReceiveAsync(call.ResponseStream.ReadAllAsync(cancellationToken), cancellationToken);
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }
            receiver.MoveTo(target);
            return receiver.Files;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }
        catch (FileTransferException exception)
        {
            throw new CliException($"the model of job {id}: {exception.Message}");
        }
    }

    /// <summary>Refuses an output folder that cannot be written, or that holds anything but an earlier model.</summary>
    /// <param name="folder">The folder, which need not exist.</param>
    /// <param name="replace">True: an earlier model there may be replaced.</param>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static void Require(string folder, bool replace)
    {
        if (File.Exists(folder))
        {
            throw CliException.BadUsage($"--out {folder} is a file; name a folder");
        }
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            if (!File.Exists(Path.Combine(folder, "manifest.json")))
            {
                throw CliException.BadUsage($"--out {folder} holds other files; name a new or empty folder");
            }
            if (!replace)
            {
                throw CliException.BadUsage($"--out {folder} holds a model already; name another folder, or say --overwrite");
            }
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? "/");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.BadUsage($"--out {folder} cannot be made: {exception.Message}");
        }
    }
}
