using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed partial class MemoryFileTests
{
    private static readonly int s_process = Environment.ProcessId;

    [Fact]
    public void Open_FileOfThisUser_ShowsWhatIsWritten()
    {
        using var file = MemoryFile.Create(4 * 1000);
        using var own = file.Map();
        using var opened = MemoryFile.Open(s_process, file.Descriptor, 4 * 1000);
        using var read = opened.Map();
        own.GetSpan()[999] = 7;
        Assert.Equal(1000, read.GetSpan().Length);
        Assert.Equal(7, read.GetSpan()[999]);
        own.GetSpan()[0] = 5;
        Assert.Equal(5, read.GetSpan()[0]);
    }

    [Fact]
    public void Map_FileClosed_StaysReadableUntilDisposed()
    {
        var file = MemoryFile.Create(64);
        var map = file.Map();
        file.Dispose();
        map.GetSpan()[3] = 1;
        map.Dispose();
        Assert.Throws<ObjectDisposedException>(() => map.GetSpan().Length);
    }

    [Fact]
    public void Open_OpenedFile_CannotBeWritten()
    {
        using var file = MemoryFile.Create(4096);
        using var opened = MemoryFile.Open(s_process, file.Descriptor, 4096);
        using var map = opened.Map();
        var line = File.ReadLines("/proc/self/maps").Single(text => text.StartsWith($"{Address(map):x}-", StringComparison.Ordinal));
        Assert.Contains(" r--s ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WrongSize_IsRefused()
    {
        using var file = MemoryFile.Create(4096);
        Assert.EndsWith("has 4096 bytes, not 8192", Refusal(file.Descriptor, 8192), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SizeNotSealed_IsRefused()
    {
        using var handle = new SafeFileHandle(MemfdCreate(MemoryFile.Name, 3), ownsHandle: true);
        Assert.Equal(
            $"/proc/{s_process}/fd/{handle.DangerousGetHandle()}: its size is not sealed",
            Refusal((int)handle.DangerousGetHandle(), 0)
        );
    }

    [Fact]
    public void Open_FileOfAnotherKind_IsNotEvenOpened()
    {
        using var file = File.OpenRead("/dev/null");
        Assert.EndsWith(
            ": is not shared memory, but /dev/null",
            Refusal((int)file.SafeFileHandle.DangerousGetHandle(), 1),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Open_NoSuchProcess_IsRefused() =>
        Assert.Equal(
            "/proc/2147483647/fd/3: No such file or directory",
            Assert.Throws<IOException>(() => MemoryFile.Open(int.MaxValue, 3, 1)).Message
        );

    private static string Refusal(int descriptor, long bytes) =>
        Assert.Throws<IOException>(() => MemoryFile.Open(s_process, descriptor, bytes)).Message;

    private static unsafe nint Address(MappedMemory map)
    {
        fixed (float* start = map.GetSpan())
        {
            return (nint)start;
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [Fact]
    public void Anonymous_IsZeroUntilItIsWrittenAndGoneWhenItIsDisposed()
    {
        var memory = MappedMemory.Anonymous(5000);
        Assert.Equal(5000, memory.Memory.Length);
        Assert.Equal(-1, memory.GetSpan().IndexOfAnyExcept(0f));
        memory.Memory.Span[4999] = 1;
        Assert.Equal(1, memory.GetSpan()[4999]);

        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.GetSpan().Length);
        Assert.Throws<IOException>(() => MappedMemory.Anonymous(0));
    }
}
