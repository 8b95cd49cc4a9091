using TrainingCluster.Cli;
using TrainingCluster.Cli.Local;

namespace TrainingCluster.Chaos;

/// <summary>A folder on a disk of its own, which can be filled or made read-only.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Megabytes = 96;
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    private string Filler => Path.Combine(_folder, "filler");

    /// <summary>Mounts it over <paramref name="folder"/>.</summary>
    public static async Task<SmallDisk> MountAsync(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await SystemTool.RunAsync($"mount -t tmpfs -o size={Megabytes}m {RunNames.Ours.Run}", cancellationToken, folder);
        return new SmallDisk(folder);
    }

    /// <summary>Writes until not a byte more fits.</summary>
    /// <returns>What the disk said to the last one.</returns>
    public async Task<string> FillAsync(CancellationToken cancellationToken)
    {
        await using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in (int[])[1024 * 1024, 4096, 1])
        {
            try
            {
                var piece = new byte[size];
                for (var written = 0L; written <= Megabytes * 1024L * 1024; written += size)
                {
                    await file.WriteAsync(piece, cancellationToken);
                }
            }
            catch (IOException full) when (size == 1)
            {
                return full.Message;
            }
            catch (IOException)
            {
                // Smaller pieces may still fit.
            }
        }
        throw new CliException($"{_folder} took more than its {Megabytes} MB");
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filler);

    /// <summary>From now on a process can open nothing in the folder for writing. What it has open stays open.</summary>
    /// <param name="pid">The process, whose mounts may be its own (those of a network namespace are).</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the disk says to who tries.</returns>
    public async Task<string> MakeReadOnlyAsync(int pid, CancellationToken cancellationToken)
    {
        await SystemTool.RunAsync($"nsenter -t {pid} -m mount --bind", cancellationToken, _folder, _folder);
        await SystemTool.RunAsync($"nsenter -t {pid} -m mount -o remount,bind,ro", cancellationToken, _folder);
        var tried = await SystemTool.TryRunAsync($"nsenter -t {pid} -m touch", cancellationToken, Path.Combine(_folder, "probe"));
        return tried is { ExitCode: not 0 }
            ? tried.Complaint
            : throw new CliException($"{_folder} could be written to though it is read-only");
    }

    /// <summary>Ends what <see cref="MakeReadOnlyAsync"/> began. What was opened meanwhile may still be open.</summary>
    public async Task MakeWritableAsync(int pid)
    {
        // Only the mount on top: another begins no sooner than this one has ended.
        await SystemTool.TryRunAsync($"nsenter -t {pid} -m umount -l", CancellationToken.None, _folder);
    }

    /// <summary>Removes a disk, even one in use.</summary>
    /// <returns>False: it could not be.</returns>
    public static async Task<bool> UnmountAsync(string folder) =>
        await SystemTool.TryRunAsync("umount", CancellationToken.None, folder) is { ExitCode: 0 }
        || await SystemTool.TryRunAsync("umount -l", CancellationToken.None, folder) is { ExitCode: 0 };

    public async ValueTask DisposeAsync() => await UnmountAsync(_folder);
}
