using System.Runtime.InteropServices;

namespace TrainingCluster.Cli.Display;

/// <summary>The width of a terminal's window, asked each time: it may be resized while a command runs.</summary>
internal static partial class WindowSize
{
    // Linux, all architectures that .NET runs on.
    private const nuint GetWindowSize = 0x5413;

    /// <summary>Columns of the terminal behind standard output. Null: there is none, or it does not say.</summary>
    public static int? OfOutput() => Columns(1);

    /// <summary>The same of standard error.</summary>
    public static int? OfError() => Columns(2);

    private static int? Columns(int descriptor) =>
        Control(descriptor, GetWindowSize, out var size) == 0 && size.Columns > 0 ? size.Columns : null;

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, out Size size);

    [StructLayout(LayoutKind.Sequential)]
    private struct Size
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
