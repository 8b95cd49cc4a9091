using Akka;
using Akka.Actor;
using Akka.Cluster;

namespace TrainingCluster.Hosting;

/// <summary>
/// Keeps a node alive whose TLS handshake with another failed. Akka.Remote ends the whole actor system then, to make a wrong certificate
/// known. But a handshake fails too where the other process dies or is cut off in the middle of it, which is what this cluster is there to
/// survive; and a wrong certificate is told in the log by both ends.
/// </summary>
internal static class TlsShutdown
{
    // Akka.Remote.Transport.DotNetty.TlsHandshakeFailureReason, which is not public.
    private const int HandshakeFailed = 79;

    /// <summary>
    /// An end for this reason waits for one that is meant, and then goes on as part of it: the program's own, or the node's removal from
    /// the cluster, which asks for an end in vain while there is one already.
    /// </summary>
    /// <param name="system">The node's.</param>
    /// <param name="cancellationToken">The program ends the node.</param>
    public static void HoldUp(ActorSystem system, CancellationToken cancellationToken)
    {
        var shutdown = CoordinatedShutdown.Get(system);
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Get(system).RegisterOnMemberRemoved(() => removed.TrySetResult());
        shutdown.AddTask(
            CoordinatedShutdown.PhaseBeforeServiceUnbind,
            "tls-handshake",
            async () =>
            {
                if (shutdown.ShutdownReason?.ExitCode == HandshakeFailed)
                {
                    await Task.WhenAny(removed.Task, Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
                }
                return Done.Instance;
            }
        );
    }
}
