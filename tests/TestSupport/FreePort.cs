using System.Net;
using System.Net.Sockets;

namespace TrainingCluster.TestSupport;

/// <summary>Ports for what a test starts later, or starts again where it was.</summary>
internal static class FreePort
{
    // Below the range from which the system gives ports to connections and to port 0: nobody takes one in the meantime,
    // and an attempt to connect to one where nobody listens cannot meet itself.
    private const int First = 10_000;
    private const int Count = 6_000;
    private static int s_last = Random.Shared.Next(Count);

    /// <summary>A port of the loopback on which nobody listens; another one each time.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref s_last) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }
    }
}
