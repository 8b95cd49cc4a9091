using Akka.Actor;

namespace Akka.Event;

/// <summary>How much a log event matters.</summary>
public enum LogLevel
{
    DebugLevel,
    InfoLevel,
    WarningLevel,
    ErrorLevel,
}

/// <summary>Something to log, as it is published on the event stream.</summary>
public abstract class LogEvent : INoSerializationVerificationNeeded
{
    private protected LogEvent(Exception cause, string logSource, Type logClass, object message)
    {
        (Cause, LogSource, LogClass, Message) = (cause, logSource, logClass, message);
        Timestamp = TimeProvider.System.GetUtcNow().UtcDateTime;
        Thread = Thread.CurrentThread;
    }

    public Exception Cause { get; protected set; }
    public string LogSource { get; protected set; }
    public Type LogClass { get; protected set; }
    public object Message { get; protected set; }
    public DateTime Timestamp { get; }
    public Thread Thread { get; }

    public abstract LogLevel LogLevel();

    public override string ToString()
    {
        var text = $"[{LogLevel().ToString().Replace("Level", "", StringComparison.Ordinal).ToUpperInvariant()}][{Timestamp:yyyy-MM-ddTHH:mm:ss.fffZ}][Thread {Thread.ManagedThreadId:0000}][{LogSource}] {Message}";
        return Cause is null ? text : $"{text}{Environment.NewLine}Cause: {Cause}";
    }
}

public class Debug : LogEvent
{
    public Debug(string logSource, Type logClass, object message) : this(null, logSource, logClass, message) { }
    public Debug(Exception cause, string logSource, Type logClass, object message) : base(cause, logSource, logClass, message) { }
    public override LogLevel LogLevel() => Event.LogLevel.DebugLevel;
}

public class Info : LogEvent
{
    public Info(string logSource, Type logClass, object message) : this(null, logSource, logClass, message) { }
    public Info(Exception cause, string logSource, Type logClass, object message) : base(cause, logSource, logClass, message) { }
    public override LogLevel LogLevel() => Event.LogLevel.InfoLevel;
}

public class Warning : LogEvent
{
    public Warning(string logSource, Type logClass, object message) : this(null, logSource, logClass, message) { }
    public Warning(Exception cause, string logSource, Type logClass, object message) : base(cause, logSource, logClass, message) { }
    public override LogLevel LogLevel() => Event.LogLevel.WarningLevel;
}

public class Error : LogEvent
{
    public Error(Exception cause, string logSource, Type logClass, object message) : base(cause, logSource, logClass, message) { }
    public override LogLevel LogLevel() => Event.LogLevel.ErrorLevel;
}
