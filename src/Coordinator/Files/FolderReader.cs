namespace TrainingCluster.Coordinator.Files;

/// <summary>Reads the files of a folder, in the order of their names, in pieces.</summary>
public static class FolderReader
{
    /// <summary>Bytes in a piece.</summary>
    public const int ChunkBytes = 256 * 1024;

    /// <summary>Paths of all files, relative, '/' separated, in ordinal order.</summary>
    public static IReadOnlyList<string> Paths(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Gives every file of <paramref name="folder"/> to <paramref name="write"/>; an empty file as one empty piece.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="write">Path, size of the file, piece. The piece is only valid until the task completes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task ReadAsync(
        string folder,
        Func<string, long, ReadOnlyMemory<byte>, Task> write,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(write);
        var buffer = new byte[ChunkBytes];
        foreach (var path in Paths(folder))
        {
            await using var stream = File.OpenRead(Path.Combine(folder, path));
            var size = stream.Length;
            if (size == 0)
            {
                await write(path, 0, ReadOnlyMemory<byte>.Empty);
            }
            for (long sent = 0; sent < size; )
            {
                var read = await stream.ReadAtLeastAsync(
                    buffer,
                    (int)Math.Min(ChunkBytes, size - sent),
                    throwOnEndOfStream: false,
                    cancellationToken
                );
                if (read == 0)
                {
                    throw new EndOfStreamException($"{path} became shorter while it was read.");
                }
                await write(path, size, buffer.AsMemory(0, read));
                sent += read;
            }
        }
    }
}
