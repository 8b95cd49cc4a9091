using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Memory with a descriptor and no name (memfd), which other processes of this user on this machine can map too. Nothing of it is
/// left behind when the last process that maps it ends. Its size is sealed, so that reading it can never be a bus error.
/// </summary>
public sealed unsafe partial class MemoryFile : IDisposable
{
    /// <summary>What every such file is called; /proc shows it.</summary>
    public const string Name = "training-cluster-gradients";

    // Numbers of the kernel's headers.
    private const uint CloseOnExec = 1;
    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int GetSeals = 1034;
    private const int NoMoreSeals = 1;
    private const int NoShrinking = 2;
    private const int NoGrowing = 4;
    private const int OpenFlags = 0x80000 | 0x800 | 0x100; // O_CLOEXEC, O_NONBLOCK, O_NOCTTY
    private const int ReadWrite = 2;

    private readonly SafeFileHandle _handle;
    private readonly bool _writable;

    private MemoryFile(SafeFileHandle handle, long bytes, bool writable) => (_handle, Bytes, _writable) = (handle, bytes, writable);

    /// <summary>Its number in this process.</summary>
    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>A path by which this process can open it.</summary>
    public string Path => PathOf("self", Descriptor);

    /// <summary>Makes a file of zeros.</summary>
    /// <exception cref="IOException">The system refuses; the message says what.</exception>
    public static MemoryFile Create(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        var handle = new SafeFileHandle(Checked(MemfdCreate(Name, CloseOnExec | AllowSealing), "memfd_create"), ownsHandle: true);
        var file = new MemoryFile(handle, bytes, writable: true);
        try
        {
            Checked(Truncate(handle, bytes), $"ftruncate to {bytes} bytes");
            Checked(Control(handle, AddSeals, NoShrinking | NoGrowing | NoMoreSeals), "fcntl(F_ADD_SEALS)");
            return System.IO.Path.Exists(file.Path) ? file : throw new IOException($"{file.Path} is not there: /proc is not mounted");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens another process' file, once everything shows that it is one of these.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="descriptor">The file's number there.</param>
    /// <param name="bytes">The size that it must have.</param>
    /// <param name="writable">Whether it is to be written too.</param>
    /// <exception cref="IOException">It cannot be opened; the message begins with the path.</exception>
    public static MemoryFile Open(int process, int descriptor, long bytes, bool writable = false)
    {
        var path = PathOf($"{process}", descriptor);
        // Before it is opened: to open some devices has consequences.
        var target = Target(path);
        if (!target.StartsWith($"/memfd:{Name}", StringComparison.Ordinal))
        {
            throw new IOException($"{path}: is not shared memory, but {target}");
        }
        var handle = new SafeFileHandle(Checked(OpenFile(path, writable ? OpenFlags | ReadWrite : OpenFlags), path), ownsHandle: true);
        try
        {
            if (Problem(handle, bytes) is { } problem)
            {
                throw new IOException($"{path}: {problem}");
            }
            return new MemoryFile(handle, bytes, writable);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Maps all of it; read-only where <see cref="Open"/> has opened it so. The mapping outlives the file.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public MappedMemory Map() => new(_handle, Bytes, _writable);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>Returns a result that is not negative, or throws with the system's reason.</summary>
    internal static nint Checked(nint result, string what) =>
        result >= 0 ? result : throw new IOException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    private static string PathOf(string process, int descriptor) => $"/proc/{process}/fd/{descriptor}";

    private static string Target(string path)
    {
        var text = stackalloc byte[256];
        return Marshal.PtrToStringUTF8((nint)text, (int)Checked(ReadLink(path, text, 256), path));
    }

    private static string? Problem(SafeFileHandle handle, long bytes)
    {
        var status = default(Status);
        Checked(StatX(handle, "", 0x1000, 0x7ff, ref status), "statx");
        if (status.User != GetUser())
        {
            return $"belongs to user {status.User}";
        }
        if ((Control(handle, GetSeals, 0) & (NoShrinking | NoGrowing)) != (NoShrinking | NoGrowing))
        {
            return "its size is not sealed";
        }
        return status.Size == bytes ? null : $"has {status.Size} bytes, not {bytes}";
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate64", SetLastError = true)]
    private static partial int Truncate(SafeFileHandle file, long bytes);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int value);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLink(string path, byte* text, nint length);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle file, string path, int flags, uint mask, ref Status status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUser();

    /// <summary>struct statx: the same on every machine, unlike struct stat.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(20)]
        public uint User;

        [FieldOffset(40)]
        public long Size;
    }
}
