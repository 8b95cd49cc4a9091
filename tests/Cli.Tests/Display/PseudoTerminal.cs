using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace TrainingCluster.Cli.Tests.Display;

/// <summary>A pseudo-terminal, and what a program of ours writes on it.</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;
    private const nuint SetWindowSize = 0x5414;
    private readonly SafeFileHandle _master;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public PseudoTerminal(int columns)
    {
        _master = new SafeFileHandle(OpenMaster(ReadWrite | NoControllingTerminal), ownsHandle: true);
        Assert.False(_master.IsInvalid);
        Assert.Equal(0, Grant(_master));
        Assert.Equal(0, Unlock(_master));
        Resize(columns);
    }

    private static string Program { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "cluster.dll");

    private string Path => Marshal.PtrToStringUTF8(NameOf(_master))!;

    /// <summary>Sets the size; the kernel sends SIGWINCH to the program in the foreground.</summary>
    public void Resize(int columns) => Assert.Equal(0, Control(_master, SetWindowSize, new Size { Rows = 24, Columns = (ushort)columns }));

    /// <summary>Starts the command line in a session of its own, with this as its terminal.</summary>
    /// <param name="terminal">$TERM.</param>
    /// <param name="error">File for its standard error. Null: the terminal.</param>
    /// <param name="arguments">The command.</param>
    public Process Start(string terminal, string? error, params string[] arguments)
    {
        // --ctty takes the terminal of standard input, which only a shell can give.
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", $"exec setsid --ctty --wait \"$@\" <{Path} >{Path} 2>{error ?? Path}", "sh", "dotnet", Program },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        (start.Environment["TERM"], start.Environment["DOTNET_EnableDiagnostics"]) = (terminal, "0");
        return Process.Start(start)!;
    }

    /// <summary>What came since the last look; waits for some. Null: the program has ended.</summary>
    public string? Read()
    {
        var bytes = new byte[4096];
        // When the last program has closed its end, Linux answers a read with EIO.
        var count = ReadBytes(_master, bytes, (nuint)bytes.Length);
        if (count <= 0)
        {
            return null;
        }
        var chars = new char[count + 1];
        return new string(chars, 0, _decoder.GetChars(bytes, 0, (int)count, chars, 0));
    }

    /// <summary>Ctrl-C, as the keyboard sends it: the terminal makes SIGINT of it.</summary>
    public void PressCtrlC() => Assert.Equal(1, WriteBytes(_master, [3], 1));

    public void Dispose() => _master.Dispose();

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int Grant(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int Unlock(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ptsname")]
    private static partial nint NameOf(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle master, nuint request, in Size size);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadBytes(SafeFileHandle master, byte[] buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteBytes(SafeFileHandle master, byte[] buffer, nuint count);

    [StructLayout(LayoutKind.Sequential)]
    private struct Size
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
