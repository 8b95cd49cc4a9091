using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;

namespace TrainingCluster.Hosting;

/// <summary>
/// Carries the actor system's log into the program's. What the connection layer says of strangers and of peers that are gone is left out (a
/// stack trace for each stray byte, two lines for each attempt to reach the dead): others tell it in one line each.
/// </summary>
public sealed class ActorLogger : LoggerFactoryLogger
{
    /// <inheritdoc/>
    protected override void Log(LogEvent log, ActorPath path)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (!IsOfConnections(log.LogSource))
        {
            base.Log(log, path);
        }
    }

    internal static bool IsOfConnections(string source) =>
        source.StartsWith("remoting", StringComparison.Ordinal)
        || source.StartsWith("Tcp", StringComparison.Ordinal)
        || source.Contains("/system/endpointManager/", StringComparison.Ordinal)
        || source.Contains("/system/transports/", StringComparison.Ordinal);
}
