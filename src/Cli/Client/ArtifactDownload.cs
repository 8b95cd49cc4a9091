using System.Security.Cryptography;
using Grpc.Core;
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
    /// <returns>The received files, relative to the folder, with their sizes in bytes.</returns>
    public static async Task<IReadOnlyList<(string Path, long Bytes)>> ReceiveAsync(
        ClusterConnection connection,
        string id,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        Require(target, replace: true);
        var incoming = $"{target}.incoming-{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(incoming);
            var files = await ReceiveFilesAsync(connection, id, incoming, cancellationToken);
            if (files.Count == 0)
            {
                throw new CliException($"job {id} has no artifacts");
            }
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }
            Directory.Move(incoming, target);
            return files;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }
        finally
        {
            if (Directory.Exists(incoming))
            {
                Directory.Delete(incoming, recursive: true);
            }
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

    private static async Task<IReadOnlyList<(string Path, long Bytes)>> ReceiveFilesAsync(
        ClusterConnection connection,
        string id,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var files = new List<(string Path, long Bytes)>();
        using var call = connection.Jobs.GetArtifacts(new GetArtifactsRequest { Id = id }, cancellationToken: cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        FileStream? file = null;
        ArtifactChunk? first = null;
        try
        {
            await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                if (first?.Path != chunk.Path)
                {
                    await EndAsync();
                    file = new FileStream(PathInside(folder, chunk.Path), FileMode.CreateNew, FileAccess.Write);
                    first = chunk;
                }
                if (chunk.Sha256.Length > 0)
                {
                    first!.Sha256 = chunk.Sha256;
                }
                hash.AppendData(chunk.Data.Span);
                await file!.WriteAsync(chunk.Data.Memory, cancellationToken);
            }
            await EndAsync();
        }
        finally
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
        }
        return files;

        async Task EndAsync()
        {
            if (file is null || first is null)
            {
                return;
            }
            var (length, sha256) = (file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
            await file.DisposeAsync();
            if (length != first.FileBytes || sha256 != first.Sha256)
            {
                throw new CliException(
                    $"{first.Path} of job {id} arrived damaged ({length} of {first.FileBytes} bytes, SHA-256 {sha256}); try again"
                );
            }
            files.Add((first.Path, length));
            file = null;
        }
    }

    /// <summary>A coordinator names files inside the folder, and nowhere else.</summary>
    private static string PathInside(string folder, string relative)
    {
        var path = Path.GetFullPath(Path.Combine(folder, relative));
        if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new CliException($"the coordinator names a file outside of the folder: {relative}");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
