using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>What a parent does with a failed child.</summary>
public enum Directive
{
    /// <summary>Go on as if nothing had happened, with the same state.</summary>
    Resume,

    /// <summary>A fresh instance under the same reference; the message that failed is lost, those that wait are not.</summary>
    Restart,

    /// <summary>Fail oneself.</summary>
    Escalate,

    /// <summary>Stop it.</summary>
    Stop,
}

/// <summary>Chooses a <see cref="Directive"/> for a failure.</summary>
public interface IDecider
{
    Directive Decide(Exception cause);
}

/// <summary>A decider made of a function.</summary>
public class LocalOnlyDecider : IDecider
{
    private readonly Func<Exception, Directive> _decider;
    public LocalOnlyDecider(Func<Exception, Directive> decider) => _decider = decider;
    public Directive Decide(Exception cause) => _decider(cause);
}

/// <summary>Builds deciders.</summary>
public static class Decider
{
    public static LocalOnlyDecider From(Func<Exception, Directive> localOnlyDecider) => new(localOnlyDecider);
}

/// <summary>How an actor supervises its children.</summary>
public abstract class SupervisorStrategy
{
    /// <summary>Stops children that could not be created, were killed or broke a death pact; restarts all others.</summary>
    public static IDecider DefaultDecider = Akka.Actor.Decider.From(cause => cause switch
    {
        ActorInitializationException or ActorKilledException or DeathPactException => Directive.Stop,
        _ => Directive.Restart,
    });

    public static readonly SupervisorStrategy DefaultStrategy = new OneForOneStrategy(DefaultDecider);
    public static readonly OneForOneStrategy StoppingStrategy = new(_ => Directive.Stop);

    private readonly int _maxRestarts;
    private readonly TimeSpan _range;

    private protected SupervisorStrategy(int maxRestarts, TimeSpan range, IDecider decider, bool loggingEnabled)
    {
        (_maxRestarts, _range) = (maxRestarts, range);
        Decider = decider;
        LoggingEnabled = loggingEnabled;
    }

    public virtual IDecider Decider { get; }
    public int MaxNumberOfRetries => _maxRestarts;
    public int WithinTimeRangeMilliseconds => (int)_range.TotalMilliseconds;
    protected bool LoggingEnabled { get; set; }

    private protected abstract IEnumerable<ChildStats> Affected(ChildStats failed, IReadOnlyList<ChildStats> all);

    /// <summary>Carries out the decision; false to escalate.</summary>
    internal bool HandleFailure(ActorCell parent, ChildStats failed, Exception cause, IReadOnlyList<ChildStats> children)
    {
        var directive = Decider.Decide(cause);
        if (LoggingEnabled && directive != Directive.Escalate) LogFailure(parent, failed.Child, cause, directive);
        var affected = Affected(failed, children);
        switch (directive)
        {
            case Directive.Escalate:
                return false;
            case Directive.Resume:
                failed.Child.SendSystemMessage(new Resume(cause));
                return true;
            case Directive.Restart when MayRestart(affected, parent.SystemImpl.Time):
                foreach (var child in affected)
                {
                    if (child != failed) child.Child.SendSystemMessage(Suspend.Instance);
                    child.Child.SendSystemMessage(new Recreate(cause));
                }
                return true;
            default:
                foreach (var child in affected) parent.StopChild(child.Child);
                return true;
        }
    }

    private bool MayRestart(IEnumerable<ChildStats> affected, TimeProvider time)
    {
        var all = true;
        foreach (var child in affected) all &= child.MayRestart(_maxRestarts, _range, time);
        return all;
    }

    private static void LogFailure(ActorCell parent, InternalActorRef child, Exception cause, Directive directive)
    {
        var message = cause is ActorInitializationException { InnerException: { } inner } ? inner.Message : cause.Message;
        var source = child.Path.ToString();
        LogEvent logged = directive == Directive.Resume
            ? new Warning(cause, source, typeof(SupervisorStrategy), message)
            : new Error(cause, source, typeof(SupervisorStrategy), message);
        parent.SystemImpl.EventStream.Publish(logged);
    }

    private protected static TimeSpan Range(TimeSpan? range) => range is { } r && r != Timeout.InfiniteTimeSpan ? r : TimeSpan.Zero;
}

/// <summary>Deals with the failed child alone. By default the number of restarts has no limit.</summary>
public class OneForOneStrategy : SupervisorStrategy
{
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries, withinTimeRange, Akka.Actor.Decider.From(localOnlyDecider)) { }

    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : base(maxNrOfRetries ?? -1, Range(withinTimeRange), decider, loggingEnabled: true) { }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : base(maxNrOfRetries, TimeSpan.FromMilliseconds(Math.Max(0, withinTimeMilliseconds)), Akka.Actor.Decider.From(localOnlyDecider), loggingEnabled) { }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider) : this(null, null, localOnlyDecider) { }

    public OneForOneStrategy(IDecider decider) : this(null, null, decider) { }

    private protected override IEnumerable<ChildStats> Affected(ChildStats failed, IReadOnlyList<ChildStats> all) => [failed];
}

/// <summary>Deals with all children when one fails.</summary>
public class AllForOneStrategy : SupervisorStrategy
{
    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : base(maxNrOfRetries ?? -1, Range(withinTimeRange), Akka.Actor.Decider.From(localOnlyDecider), loggingEnabled: true) { }

    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : base(maxNrOfRetries, TimeSpan.FromMilliseconds(Math.Max(0, withinTimeMilliseconds)), Akka.Actor.Decider.From(localOnlyDecider), loggingEnabled) { }

    public AllForOneStrategy(Func<Exception, Directive> localOnlyDecider) : this(null, null, localOnlyDecider) { }

    private protected override IEnumerable<ChildStats> Affected(ChildStats failed, IReadOnlyList<ChildStats> all) => all;
}
