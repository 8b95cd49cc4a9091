using System.Diagnostics;

namespace TrainingCluster.Coordinator.Tests.Files;

/// <summary>A folder on a disk of its own with little room. Needs the right to mount.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => this._folder = folder;

    /// <summary>Mounts one over <paramref name="folder"/>; null where that is not allowed.</summary>
    public static SmallDisk? Mount(string folder, int kilobytes)
    {
        Directory.CreateDirectory(folder);
        return Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", folder) ? new(folder) : null;
    }

    public void Dispose() => Run("umount", "-l", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true }
            )!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
