using Akka.Event;

namespace TrainingCluster.Logging;

/// <summary>
/// Stands in place of Akka's logger to the console, which takes over when an actor system ends: what it would say is no line of our log.
/// </summary>
public sealed class SilentLogger : MinimalLogger
{
    /// <inheritdoc/>
    protected override void Log(object message) { }
}
