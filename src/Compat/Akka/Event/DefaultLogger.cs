using Akka.Actor;

namespace Akka.Event;

/// <summary>Sent to a logger named in <c>akka.loggers</c> when it starts; it answers with <see cref="LoggerInitialized"/>.</summary>
public class InitializeLogger : INoSerializationVerificationNeeded
{
    public InitializeLogger(LoggingBus loggingBus) => LoggingBus = loggingBus;
    public LoggingBus LoggingBus { get; }
}

/// <summary>A logger is ready.</summary>
public class LoggerInitialized : INoSerializationVerificationNeeded, IDeadLetterSuppression { }

/// <summary>Prints log events on standard output.</summary>
public class DefaultLogger : ActorBase
{
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger: Sender.Tell(new LoggerInitialized()); return true;
            case LogEvent logEvent: Print(logEvent); return true;
            default: return false;
        }
    }

    protected virtual void Print(LogEvent logEvent) => Console.WriteLine(logEvent);
}

/// <summary>Logs dead letters, so that lost messages leave a trace, up to a number (<c>akka.log-dead-letters</c>).</summary>
internal sealed class DeadLetterListener : ActorBase
{
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly int _limit;
    private int _count;

    public DeadLetterListener(int limit) => _limit = limit;

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override bool Receive(object message)
    {
        if (message is not DeadLetter letter) return false;
        var last = ++_count >= _limit ? " No more dead letters will be logged." : "";
        _log.Info($"Message [{letter.Message.GetType().Name}] from {(letter.Sender is null ? "NoSender" : letter.Sender)} to {letter.Recipient} was not delivered. [{_count}] dead letters encountered.{last}");
        if (_count >= _limit) Context.System.EventStream.Unsubscribe(Self);
        return true;
    }
}
