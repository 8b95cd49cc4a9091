using System.ComponentModel;
using System.Runtime.InteropServices;

namespace TrainingCluster.Files;

/// <summary>Renames that outlive a loss of power.</summary>
public static partial class Durable
{
    /// <summary>Moves a finished folder to its final name and makes both the content's and the parent's entries durable.</summary>
    public static void Move(string from, string to)
    {
        Sync(from);
        Directory.Move(from, to);
        Sync(Path.GetDirectoryName(to)!);
    }

    /// <summary>Makes what is in the files of a folder durable.</summary>
    public static void FlushFiles(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write);
            RandomAccess.FlushToDisk(handle);
        }
    }

    private static void Sync(string folder)
    {
        // Only POSIX lets a folder be synced, and only there is it needed.
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        var handle = OpenFile(folder, 0);
        if (handle < 0)
        {
            throw new IOException($"{folder} cannot be opened: {LastError()}", Marshal.GetLastPInvokeError());
        }
        try
        {
            if (SyncFile(handle) != 0)
            {
                throw new IOException($"{folder} cannot be synced: {LastError()}", Marshal.GetLastPInvokeError());
            }
        }
        finally
        {
            _ = CloseFile(handle);
        }
    }

    private static string LastError() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int handle);
}
