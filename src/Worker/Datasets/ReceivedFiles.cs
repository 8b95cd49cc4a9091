using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Datasets;

/// <summary>Writes a stream of file chunks into a folder.</summary>
internal static class ReceivedFiles
{
    /// <summary>Writes all files; a new path starts a new file.</summary>
    /// <exception cref="InvalidDataException">A path leads out of the folder, or a file breaks off.</exception>
    public static async Task WriteAsync(IAsyncStreamReader<FileChunk> chunks, string folder, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        string? path = null;
        long expected = 0;
        FileStream? file = null;
        try
        {
            while (await chunks.MoveNext(cancellationToken))
            {
                var chunk = chunks.Current;
                if (chunk.Path.Length > 0 && chunk.Path != path)
                {
                    await EndAsync(file, path, expected);
                    var full = Path.GetFullPath(Path.Combine(folder, chunk.Path));
                    if (!full.StartsWith(root, StringComparison.Ordinal))
                    {
                        throw new InvalidDataException($"The path '{chunk.Path}' leads out of the folder.");
                    }
                    Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                    file = new FileStream(full, FileMode.CreateNew, FileAccess.Write, FileShare.None);
                    (path, expected) = (chunk.Path, chunk.FileBytes);
                }

                if (file is null)
                {
                    throw new InvalidDataException("The first chunk names no file.");
                }
                await file.WriteAsync(chunk.Data.Memory, cancellationToken);
            }

            await EndAsync(file, path, expected);
            file = null;
        }
        finally
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
        }
    }

    private static async Task EndAsync(FileStream? file, string? path, long expected)
    {
        if (file is null)
        {
            return;
        }
        var length = file.Length;
        file.Flush(flushToDisk: true);
        await file.DisposeAsync();
        if (length != expected)
        {
            throw new InvalidDataException($"'{path}' has {length} bytes where {expected} were announced.");
        }
    }
}
