namespace TrainingCluster.Cli;

/// <summary>
/// Files that a user names and that are read more than once, or from their beginning. What can be read only once (a pipe, a FIFO, a
/// terminal) is copied to a plain file first.
/// </summary>
internal static class SpooledFile
{
    /// <summary>A path to read the content of <paramref name="path"/> from: itself, or a copy.</summary>
    /// <param name="path">The file. What is wrong with it is left to its reader, who says it better.</param>
    /// <param name="folder">Gets the copy; made where it is missing.</param>
    /// <param name="cancellationToken">Ends the wait, also for a FIFO that nobody writes.</param>
    public static Task<string> ReadableAsync(string path, string folder, CancellationToken cancellationToken) =>
        // Nothing but the other end wakes a thread that opens a FIFO or reads a pipe: it is left behind, and so it has its own.
        Task
            .Factory.StartNew(
                () => Readable(path, folder),
                cancellationToken,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default
            )
            .WaitAsync(cancellationToken);

    private static string Readable(string path, string folder)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return path;
        }
        using (stream)
        {
            if (stream.CanSeek)
            {
                return path;
            }
            Directory.CreateDirectory(folder);
            var copy = Path.Combine(folder, $"{Guid.NewGuid():N}");
            using var file = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
            stream.CopyTo(file);
            return copy;
        }
    }
}
