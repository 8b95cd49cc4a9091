using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Lets a thread wait in the kernel for its socket. Once an asynchronous call was made on a socket, .NET answers each wait with two
/// wake-ups, of a thread that looks after all sockets and then of the one that waits.
/// </summary>
public static partial class BlockingSocket
{
    // Numbers of the kernel's headers.
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;

    private const int KeepAliveSeconds = 30;

    /// <summary>
    /// From now on only one thread at a time reads it and one writes it, with synchronous calls. <see cref="End"/> ends them.
    /// </summary>
    public static void Make(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        // A round may take minutes in which nothing is sent, and what stands between the machines would forget it.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        // Where it fails the socket stays as it is, which is slower.
        var flags = Control(socket.SafeHandle, GetFlags, 0);
        if (flags >= 0)
        {
            _ = Control(socket.SafeHandle, SetFlags, flags & ~NonBlocking);
        }
    }

    /// <summary>Ends the connection: whoever waits in it returns.</summary>
    public static void End(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
        socket.Close();
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeHandle file, int command, int argument);
}
