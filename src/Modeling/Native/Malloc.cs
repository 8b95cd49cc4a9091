using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// glibc's malloc, set for training. By default it takes every large block from the kernel and gives it back after use, so that a
/// step touches each of its pages for the first time, again and again: on some machines that costs more than the computing.
/// </summary>
public static partial class Malloc
{
    // Numbers of malloc.h.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapThreshold = -3;
    private const int ArenaMax = -8;

    private const nuint NotMainArena = 4;
    private const nuint ProbeBytes = 1024;

    /// <summary>What <see cref="KeepMemory"/> sets, by glibc's names, in bytes or counts.</summary>
    public static IReadOnlyList<(string Name, int Parameter, int Value)> Settings { get; } =
    [
        // A block of this size or more would be mapped on its own and unmapped when it is freed.
        ("M_MMAP_THRESHOLD", MmapThreshold, int.MaxValue),
        // Free memory at the end of an arena would be given back from this size on.
        ("M_TRIM_THRESHOLD", TrimThreshold, int.MaxValue),
        // Memory is taken from the kernel in steps of at least this size.
        ("M_TOP_PAD", TopPad, 64 << 20),
        // Blocks freed in one arena serve no other one.
        ("M_ARENA_MAX", ArenaMax, 1),
    ];

    /// <summary>Whether this system's C library takes these settings.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && IsGlibc;

    /// <summary>
    /// Lets freed memory stay with the process. Call at the very start: threads that exist keep their arenas.
    /// </summary>
    /// <returns>Whether every setting was taken. False changes nothing but speed.</returns>
    public static bool KeepMemory() => IsSupported && Settings.All(setting => Mallopt(setting.Parameter, setting.Value) == 1);

    /// <summary>Gives free memory back to the kernel, wherever it lies. The next use of it costs a page fault a page.</summary>
    public static void Trim()
    {
        if (IsSupported)
        {
            _ = MallocTrim(0);
        }
    }

    /// <summary>Whether the calling thread's blocks come from the main arena. True where malloc is not glibc's.</summary>
    internal static unsafe bool IsInMainArena()
    {
        if (!IsSupported)
        {
            return true;
        }
        var block = NativeMemory.Alloc(ProbeBytes);
        // Before each block lies its size, whose lowest bits are flags.
        var size = ((nuint*)block)[-1];
        NativeMemory.Free(block);
        return (size & NotMainArena) == 0;
    }

    private static bool IsGlibc { get; } =
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _);

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int Mallopt(int parameter, int value);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
