using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Lets libtorch take the memory of its CPU tensors from a <see cref="TensorHeap"/>. Batches of ever other sizes leave holes in
/// malloc's memory, which it searches for long and which make a process grow; giving them back costs page faults.
/// </summary>
/// <remarks>
/// libtorch has no setting for it that can be reached from here, and PyTorch's users preload another malloc instead. What is replaced
/// are two of the addresses by which libc10 calls the C library: <c>posix_memalign</c> and <c>free</c>. Small blocks go on to malloc.
/// </remarks>
public static unsafe partial class TensorMemory
{
    /// <summary>Smaller blocks are malloc's: it is good at them.</summary>
    internal const int LeastBytes = 32 << 10;

    private const string Library = "libc10.so";

    // Addresses alone: the kernel gives pages where they are touched.
    private const long RangeBytes = 256L << 30;

    private const int ReadWrite = 3;
    private const int PrivateAnonymousNoReserve = 0x4022;
    private const int DontNeed = 4;
    private const int HugePages = 14;

    private static TensorHeap? s_heap;
    private static delegate* unmanaged<void**, nuint, nuint, int> s_allocate;
    private static delegate* unmanaged<void*, void> s_free;

    /// <summary>Why tensors' memory is malloc's; null: it is this class'.</summary>
    public static string? Problem { get; private set; } = "libtorch is not loaded";

    /// <summary>Bytes of all blocks, used and free.</summary>
    internal static long Bytes => s_heap?.Bytes ?? 0;

    /// <summary>Gives memory that is free, and was not used for long, back to the kernel: of tensors and of malloc.</summary>
    public static void Trim()
    {
        s_heap?.Trim();
        Malloc.Trim();
    }

    /// <summary>Takes effect for what libtorch allocates from now on. Call once, before there are tensors.</summary>
    /// <param name="folder">Where libc10 was loaded from.</param>
    internal static void Install(string folder)
    {
        Problem = Malloc.IsSupported ? TryInstall(Path.Combine(folder, Library)) : "the C library is not glibc";
    }

    private static string? TryInstall(string path)
    {
        try
        {
            var file = new FileInfo(path);
            var real = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
            var slots = ImportSlots.Read(File.ReadAllBytes(real));
            if (ImportSlots.Find(File.ReadLines("/proc/self/maps"), real) is not { } mapping)
            {
                return $"{real} is not mapped";
            }
            if (!slots.TryGetValue("posix_memalign", out var allocate) || !slots.TryGetValue("free", out var free))
            {
                return $"{Library} does not call posix_memalign and free";
            }
            var (allocateSlot, freeSlot) = (mapping.Start + allocate, mapping.Start + free);
            if (!IsWritable(allocateSlot) || !IsWritable(freeSlot))
            {
                return $"{Library} was loaded with its addresses protected";
            }
            return Replace((void**)allocateSlot, (void**)freeSlot);

            bool IsWritable(ulong slot) => mapping.Writable.Any(range => slot >= range.From && slot + (ulong)sizeof(nint) <= range.To);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return $"{Library}: {e.Message}";
        }
    }

    private static string? Replace(void** allocateSlot, void** freeSlot)
    {
        var c = NativeLibrary.Load("libc.so.6");
        s_allocate = (delegate* unmanaged<void**, nuint, nuint, int>)NativeLibrary.GetExport(c, "posix_memalign");
        s_free = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(c, "free");
        var range = Map(0, unchecked((nuint)RangeBytes), ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        if (range == -1)
        {
            return $"no {RangeBytes >> 30} GiB of addresses (ulimit -v, or vm.overcommit_memory=2)";
        }
        // A step walks through hundreds of MB: in pages of 2 MiB the processor finds addresses without looking them up, and there are
        // 500 times fewer to be touched first. Where the kernel does not give them (transparent_hugepage=never), nothing else changes.
        _ = Advise(range, unchecked((nuint)RangeBytes), HugePages);
        s_heap = new TensorHeap((byte*)range, RangeBytes, static (from, bytes) => _ = Advise(from, bytes, DontNeed));
        *freeSlot = (delegate* unmanaged<void*, void>)&Free;
        *allocateSlot = (delegate* unmanaged<void**, nuint, nuint, int>)&Allocate;
        // libtorch frees some tensors when the process exits and .NET runs no more. Those may stay: nothing in the C library that takes
        // an address and does nothing is better known than this.
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            *allocateSlot = s_allocate;
            *freeSlot = (void*)NativeLibrary.GetExport(c, "getpid");
        };
        return null;
    }

    [UnmanagedCallersOnly]
    private static int Allocate(void** block, nuint alignment, nuint bytes)
    {
        if (bytes >= LeastBytes && alignment <= TensorHeap.Alignment)
        {
            var found = s_heap!.Allocate(bytes);
            if (found != null)
            {
                *block = found;
                return 0;
            }
        }

        return s_allocate(block, alignment, bytes);
    }

    [UnmanagedCallersOnly]
    private static void Free(void* block)
    {
        if (s_heap!.Owns(block))
        {
            s_heap.Free(block);
        }
        else
        {
            s_free(block);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap64")]
    private static partial nint Map(nint at, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint at, nuint bytes, int advice);
}
