namespace TrainingCluster.Files;

/// <summary>
/// One process at a time writes to a folder. The lock is the operating system's: it ends with the process, however that ends.
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>Name of the file inside the folder that is locked.</summary>
    public const string FileName = ".lock";

    // Says who holds the lock: a locked file cannot be read.
    private const string HolderFileName = ".lock-holder";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes a folder, which is made where it is missing.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="option">What names it, for the message: <c>--data</c>.</param>
    /// <param name="program">Who takes it: <c>coordinator</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="patience">How long to try. Null: 5 s, since a program whose parent was killed takes a second to end.</param>
    /// <exception cref="InvalidDataException">Another process holds it, or it cannot be written to.</exception>
    public static async Task<FolderLock> TakeAsync(
        string folder,
        string option,
        string program,
        TimeProvider time,
        TimeSpan? patience = null
    )
    {
        ArgumentNullException.ThrowIfNull(time);
        var (path, holder) = (Path.Combine(folder, FileName), Path.Combine(folder, HolderFileName));
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(folder);
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
                var held = new FolderLock(file);
                try
                {
                    await File.WriteAllTextAsync(
                        holder,
                        $"{program}, process {Environment.ProcessId} on {Environment.MachineName}, since {time.GetUtcNow():u}"
                    );
                    return held;
                }
                catch
                {
                    held.Dispose();
                    throw;
                }
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (time.GetElapsedTime(begun) >= (patience ?? s_patience))
                {
                    throw new InvalidDataException(
                        $"{option} {folder} is in use by {Holder(holder)}. Stop that program, or choose another folder."
                    );
                }
                await Task.Delay(TimeSpan.FromMilliseconds(100), time);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InvalidDataException(
                    $"{option} {folder} cannot be used: {e.Message} Choose a folder that this user may write to.",
                    e
                );
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // The runtime tells a lock that another process holds by the errno in the HRESULT: EWOULDBLOCK.
    private static bool IsHeld(IOException e) => (e.HResult & 0xFFFF) is 11 or 35;

    private static string Holder(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
