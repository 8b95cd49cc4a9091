using System.Runtime.InteropServices;

namespace TrainingCluster.Files;

/// <summary>What the programs write is their user's alone: weights, texts, the job store, sockets.</summary>
public static partial class PrivateFiles
{
    // Whatever a file or folder is made with, group and others get nothing: 0600 and 0700.
    private const uint OwnerOnly = 0b_000_111_111;

    /// <summary>From now on, every file and folder that this process makes.</summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Umask(OwnerOnly);
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint Umask(uint mask);
}
