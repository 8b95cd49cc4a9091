using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// A mapped <see cref="MemoryFile"/>, or memory of the process' own that the kernel has back as soon as it is disposed, as
/// <see cref="Memory{T}"/>. Nobody may use the memory any more then.
/// </summary>
public sealed unsafe partial class MappedMemory : MemoryManager<float>
{
    private const int Read = 1;
    private const int Write = 2;
    private const int Shared = 1;
    private const int PrivateAnonymous = 0x22;

    private readonly long _bytes;
    private void* _start;

    internal MappedMemory(SafeFileHandle file, long bytes, bool writable)
    {
        _bytes = bytes;
        _start = Checked(Map(0, (nuint)bytes, writable ? Read | Write : Read, Shared, file, 0));
    }

    private MappedMemory(long bytes)
    {
        _bytes = bytes;
        _start = Checked(Map(0, (nuint)bytes, Read | Write, PrivateAnonymous, -1, 0));
    }

    /// <summary>Memory of zeros for large values that are needed for a moment, now and then.</summary>
    /// <param name="length">Floats, at least one.</param>
    /// <exception cref="IOException">The system refuses.</exception>
    public static MappedMemory Anonymous(int length) => new((long)length * sizeof(float));

    /// <inheritdoc/>
    public override Span<float> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        return new Span<float>(_start, checked((int)(_bytes / sizeof(float))));
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new((float*)_start + elementIndex, pinnable: this);

    /// <inheritdoc/>
    public override void Unpin() { }

    /// <summary>Unmaps it.</summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        var start = _start;
        _start = null;
        if (start != null)
        {
            _ = Unmap(start, (nuint)_bytes);
        }
    }

    // MAP_FAILED is -1; no address of a process is negative.
    private void* Checked(nint start) => (void*)MemoryFile.Checked(start, $"mmap of {_bytes} bytes");

    [LibraryImport("libc", EntryPoint = "mmap64", SetLastError = true)]
    private static partial nint Map(nint at, nuint bytes, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "mmap64", SetLastError = true)]
    private static partial nint Map(nint at, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* start, nuint bytes);
}
