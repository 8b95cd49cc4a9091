using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;
using Microsoft.Extensions.Logging;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace TrainingCluster.Hosting;

/// <summary>
/// Carries the actor system's log into the program's. What the connection layer says of strangers and of peers that are gone is left out (a
/// stack trace for each stray byte, two lines for each attempt to reach the dead): others tell it in one line each.
/// </summary>
public sealed partial class ActorLogger : LoggerFactoryLogger
{
    private readonly ConcurrentDictionary<Type, ILogger> _loggers = new();
    private readonly ILoggerFactory _factory = Context.System.Settings.Setup.Get<LoggerFactorySetup>().Value.LoggerFactory;

    /// <inheritdoc/>
    protected override void Log(LogEvent log, ActorPath path)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (!IsOfConnections(log.LogSource))
        {
            var logger = _loggers.GetOrAdd(log.LogClass, type => _factory.CreateLogger(type));
            var (level, text) = (ToLevel(log.LogLevel()), log.Message?.ToString() ?? "");
            LogEvent(logger, level, log.LogSource, text, log.Cause);
        }
    }

    internal static bool IsOfConnections(string source) =>
        source.StartsWith("remoting", StringComparison.Ordinal)
        || source.StartsWith("Tcp", StringComparison.Ordinal)
        || source.Contains("/system/endpointManager/", StringComparison.Ordinal)
        || source.Contains("/system/transports/", StringComparison.Ordinal);

    internal static LogLevel ToLevel(Akka.Event.LogLevel level) =>
        level switch
        {
            Akka.Event.LogLevel.DebugLevel => LogLevel.Debug,
            Akka.Event.LogLevel.InfoLevel => LogLevel.Information,
            Akka.Event.LogLevel.WarningLevel => LogLevel.Warning,
            _ => LogLevel.Error,
        };

    [LoggerMessage(EventId = 110, Message = "{Actor}: {Text}")]
    private static partial void LogEvent(ILogger logger, LogLevel level, string actor, string text, Exception? cause);
}
