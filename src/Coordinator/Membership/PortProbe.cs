using System.Net.Sockets;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>Asks a machine whether a process still listens at a port.</summary>
internal static class PortProbe
{
    /// <summary>
    /// Whether the machine itself says that nobody listens there. That is certain: its process has ended, or is about to. No answer
    /// at all, or any other, says nothing.
    /// </summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP.</param>
    /// <param name="within">
    /// How long to ask. Several times: a process that ends closes its connections one by one, and the port perhaps last.
    /// </param>
    /// <param name="firstPause">Before it asks a second time; it doubles.</param>
    /// <param name="time">The clock.</param>
    public static async Task<bool> IsRefusedAsync(string host, int port, TimeSpan within, TimeSpan firstPause, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(within, time);
        try
        {
            for (var pause = firstPause; ; pause *= 2)
            {
                using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
                {
                    await socket.ConnectAsync(host, port, limit.Token);
                }
                await Task.Delay(pause, time, limit.Token);
            }
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
