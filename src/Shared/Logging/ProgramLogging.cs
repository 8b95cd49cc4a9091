using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace TrainingCluster.Logging;

/// <summary>How the programs log: a line an event, in UTC.</summary>
public static class ProgramLogging
{
    /// <summary>The category of a node's actor system.</summary>
    public const string ActorsCategory = "Akka";

    /// <summary>Sets it up.</summary>
    public static void Configure(ILoggingBuilder logging, LoggingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        logging
            .ClearProviders()
            // Traces have our own ids: those of the web server's activities would come beside them.
            .Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.None)
            .AddConsole(console =>
                console.FormatterName = options.Format == LogFormat.Json ? JsonLineFormatter.FormatterName : TextLineFormatter.FormatterName
            )
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning)
            .AddFilter(ActorsCategory, LogLevel.Warning);
        logging.Services.TryAddSingleton(TimeProvider.System);
        logging.Services.AddSingleton<ConsoleFormatter, JsonLineFormatter>().AddSingleton<ConsoleFormatter, TextLineFormatter>();
        foreach (var (category, level) in options.Levels.Levels)
        {
            if (category.Length == 0)
            {
                logging.SetMinimumLevel(level);
            }
            else
            {
                logging.AddFilter(category, level);
            }
        }
    }

    /// <summary>The least level at which an actor system has to speak for what is configured of it.</summary>
    public static Akka.Event.LogLevel ActorLevel(ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger(ActorsCategory);
        return logger.IsEnabled(LogLevel.Debug) ? Akka.Event.LogLevel.DebugLevel
            : logger.IsEnabled(LogLevel.Information) ? Akka.Event.LogLevel.InfoLevel
            : logger.IsEnabled(LogLevel.Warning) ? Akka.Event.LogLevel.WarningLevel
            : Akka.Event.LogLevel.ErrorLevel;
    }
}
