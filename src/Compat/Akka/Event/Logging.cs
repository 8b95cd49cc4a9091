using System.Globalization;
using Akka.Actor;

namespace Akka.Event;

/// <summary>Logs on behalf of one source.</summary>
public interface ILoggingAdapter
{
    bool IsDebugEnabled { get; }
    bool IsInfoEnabled { get; }
    bool IsWarningEnabled { get; }
    bool IsErrorEnabled { get; }
    bool IsEnabled(LogLevel logLevel);
    void Log(LogLevel logLevel, Exception cause, string format);
}

/// <summary>Gets loggers.</summary>
public static class Logging
{
    public static ILoggingAdapter GetLogger(this IActorContext context) =>
        new BusLogging(context.System.EventStream, context.Self.Path.ToString(), ((ActorCell)context).Props.Type ?? typeof(ActorSystem));

    public static ILoggingAdapter GetLogger(ActorSystem system, object logSourceObj) => logSourceObj switch
    {
        string name => new BusLogging(system.EventStream, $"{name}({system})", typeof(ActorSystem)),
        IActorRef actor => new BusLogging(system.EventStream, actor.Path.ToString(), typeof(ActorBase)),
        Type type => new BusLogging(system.EventStream, $"{type.Name}({system})", type),
        _ => new BusLogging(system.EventStream, $"{logSourceObj}({system})", logSourceObj.GetType()),
    };

    /// <summary>The level that a configuration's word stands for; <c>OFF</c> is above all levels.</summary>
    public static LogLevel LogLevelFor(string logLevel) => logLevel?.ToUpperInvariant() switch
    {
        "DEBUG" => LogLevel.DebugLevel,
        "INFO" => LogLevel.InfoLevel,
        "WARNING" => LogLevel.WarningLevel,
        "ERROR" => LogLevel.ErrorLevel,
        "OFF" => (LogLevel)int.MaxValue,
        _ => throw new ArgumentException($"Unknown LogLevel: \"{logLevel}\". Valid values are: \"Debug\", \"Info\", \"Warning\", \"Error\", \"Off\"", nameof(logLevel)),
    };
}

/// <summary>Publishes log events on a bus.</summary>
internal sealed class BusLogging(LoggingBus bus, string source, Type type) : ILoggingAdapter
{
    public bool IsDebugEnabled => IsEnabled(LogLevel.DebugLevel);
    public bool IsInfoEnabled => IsEnabled(LogLevel.InfoLevel);
    public bool IsWarningEnabled => IsEnabled(LogLevel.WarningLevel);
    public bool IsErrorEnabled => IsEnabled(LogLevel.ErrorLevel);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= bus.LogLevel;

    public void Log(LogLevel logLevel, Exception cause, string format)
    {
        if (!IsEnabled(logLevel)) return;
        bus.Publish(logLevel switch
        {
            LogLevel.DebugLevel => new Debug(cause, source, type, format),
            LogLevel.InfoLevel => new Info(cause, source, type, format),
            LogLevel.WarningLevel => new Warning(cause, source, type, format),
            _ => new Error(cause, source, type, format),
        });
    }
}

/// <summary>Short forms for each level. Placeholders are numbered: <c>log.Info("{0} of {1}", a, b)</c>.</summary>
public static class LoggingExtensions
{
    public static void Debug(this ILoggingAdapter log, string format) => log.Log(LogLevel.DebugLevel, null, format);
    public static void Debug<T1>(this ILoggingAdapter log, string format, T1 arg1) => Write(log, LogLevel.DebugLevel, null, format, arg1);
    public static void Debug<T1, T2>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2) => Write(log, LogLevel.DebugLevel, null, format, arg1, arg2);
    public static void Debug<T1, T2, T3>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2, T3 arg3) => Write(log, LogLevel.DebugLevel, null, format, arg1, arg2, arg3);

    public static void Info(this ILoggingAdapter log, string format) => log.Log(LogLevel.InfoLevel, null, format);
    public static void Info<T1>(this ILoggingAdapter log, string format, T1 arg1) => Write(log, LogLevel.InfoLevel, null, format, arg1);
    public static void Info<T1, T2>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2) => Write(log, LogLevel.InfoLevel, null, format, arg1, arg2);
    public static void Info<T1, T2, T3>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2, T3 arg3) => Write(log, LogLevel.InfoLevel, null, format, arg1, arg2, arg3);

    public static void Warning(this ILoggingAdapter log, string format) => log.Log(LogLevel.WarningLevel, null, format);
    public static void Warning(this ILoggingAdapter log, Exception cause, string format) => log.Log(LogLevel.WarningLevel, cause, format);
    public static void Warning<T1>(this ILoggingAdapter log, string format, T1 arg1) => Write(log, LogLevel.WarningLevel, null, format, arg1);
    public static void Warning<T1>(this ILoggingAdapter log, Exception cause, string format, T1 arg1) => Write(log, LogLevel.WarningLevel, cause, format, arg1);
    public static void Warning<T1, T2>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2) => Write(log, LogLevel.WarningLevel, null, format, arg1, arg2);
    public static void Warning<T1, T2, T3>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2, T3 arg3) => Write(log, LogLevel.WarningLevel, null, format, arg1, arg2, arg3);

    public static void Error(this ILoggingAdapter log, string format) => log.Log(LogLevel.ErrorLevel, null, format);
    public static void Error(this ILoggingAdapter log, Exception cause, string format) => log.Log(LogLevel.ErrorLevel, cause, format);
    public static void Error<T1>(this ILoggingAdapter log, string format, T1 arg1) => Write(log, LogLevel.ErrorLevel, null, format, arg1);
    public static void Error<T1>(this ILoggingAdapter log, Exception cause, string format, T1 arg1) => Write(log, LogLevel.ErrorLevel, cause, format, arg1);
    public static void Error<T1, T2>(this ILoggingAdapter log, string format, T1 arg1, T2 arg2) => Write(log, LogLevel.ErrorLevel, null, format, arg1, arg2);
    public static void Error<T1, T2>(this ILoggingAdapter log, Exception cause, string format, T1 arg1, T2 arg2) => Write(log, LogLevel.ErrorLevel, cause, format, arg1, arg2);

    private static void Write(ILoggingAdapter log, LogLevel level, Exception cause, string format, params object[] args)
    {
        if (log.IsEnabled(level)) log.Log(level, cause, string.Format(CultureInfo.InvariantCulture, format, args));
    }
}
