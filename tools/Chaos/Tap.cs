using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using TrainingCluster.Cli;

namespace TrainingCluster.Chaos;

/// <summary>
/// A network device whose other end is this process: it reads the frames that the device sends, and writes those that it gets.
/// Without offloads the kernel cuts frames to the MTU and completes their checksums first. The device goes with its handle.
/// </summary>
internal sealed partial class Tap : IDisposable
{
    /// <summary>TUNSETIFF with IFF_TAP | IFF_NO_PI, of linux/if_tun.h.</summary>
    private const nuint SetInterface = 0x400454ca;

    private const short TapWithoutHeader = 0x0002 | 0x1000;
    private const short PollIn = 1;
    private readonly SafeFileHandle _handle;

    private Tap(SafeFileHandle handle) => _handle = handle;

    /// <summary>Makes the device; it is not up yet.</summary>
    /// <param name="name">At most 15 characters; no device may have it.</param>
    /// <exception cref="CliException">The kernel refuses.</exception>
    /// <exception cref="IOException">There is no /dev/net/tun.</exception>
    public static Tap Open(string name)
    {
        var handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        // struct ifreq: 16 bytes of name, then a union that begins with the flags.
        Span<byte> request = stackalloc byte[40];
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..15]);
        BitConverter.TryWriteBytes(request[16..], TapWithoutHeader);
        if (Ioctl(handle, SetInterface, request) == 0)
        {
            return new Tap(handle);
        }
        var why = Marshal.GetLastPInvokeErrorMessage();
        handle.Dispose();
        throw new CliException($"no TAP device {name}: {why}");
    }

    /// <summary>Waits until one of two devices has sent a frame, or the time is up.</summary>
    /// <returns>Whether each of them can be read without waiting.</returns>
    public static (bool First, bool Second) Wait(Tap first, Tap second, TimeSpan within)
    {
        Span<PollRequest> requests = [Request(first), Request(second)];
        Poll(requests, 2, (int)Math.Ceiling(within.TotalMilliseconds));
        return ((requests[0].Returned & PollIn) != 0, (requests[1].Returned & PollIn) != 0);

        static PollRequest Request(Tap tap) => new() { Descriptor = (int)tap._handle.DangerousGetHandle(), Events = PollIn };
    }

    /// <summary>Takes the next frame that the device has sent, or waits for it.</summary>
    /// <returns>Its bytes.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public int Read(Span<byte> frame) => Check(Read(_handle, frame, (nuint)frame.Length));

    /// <summary>Lets the device receive a frame.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Write(ReadOnlySpan<byte> frame) => Check(Write(_handle, frame, (nuint)frame.Length));

    public void Dispose() => _handle.Dispose();

    private static int Check(nint bytes) =>
        bytes >= 0 ? (int)bytes : throw new IOException($"a TAP device failed: {Marshal.GetLastPInvokeErrorMessage()}");

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, Span<byte> argument);

    // Streams and RandomAccess insist on files that can seek.
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, Span<byte> buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> buffer, nuint bytes);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(Span<PollRequest> requests, nuint count, int timeoutMilliseconds);
}
