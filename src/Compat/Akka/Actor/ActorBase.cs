namespace Akka.Actor;

/// <summary>
/// An actor: state that one message at a time may touch. <see cref="PreStart"/> comes before the first message and
/// <see cref="PostStop"/> after the last; a failure makes the parent decide, by default for a restart:
/// <see cref="PreRestart"/> on the old instance, then <see cref="PostRestart"/> on a fresh one under the same reference.
/// </summary>
public abstract class ActorBase
{
    private readonly ActorCell _cell;

    protected ActorBase()
    {
        _cell = ActorCell.Current ?? throw new ActorInitializationException(
            $"You cannot create an instance of [{GetType()}] explicitly using the constructor (new). You have to use one of the factory methods to create a new actor; see Props.");
    }

    protected IActorRef Self => _cell.Self;

    protected IActorRef Sender => _cell.Sender;

    /// <summary>The running actor's context. It is there while a message is handled, also after an await in an asynchronous handler.</summary>
    protected static IActorContext Context => ActorCell.Current ?? throw NoContext();

    private protected static NotSupportedException NoContext() =>
        new("There is no active ActorContext, this is most likely due to use of async operations from within this actor.");

    internal virtual Receive InitialBehavior => Receive;

    internal ActorCell Cell => _cell;

    protected abstract bool Receive(object message);

    /// <summary>Around every message; the place to observe or to filter.</summary>
    protected virtual bool AroundReceive(Receive receive, object message) => receive(message);

    protected virtual void PreStart() { }

    protected virtual void PostStop() { }

    /// <summary>Stops the children and calls <see cref="PostStop"/>.</summary>
    protected virtual void PreRestart(Exception reason, object message)
    {
        foreach (var child in _cell.Children.Refs)
        {
            _cell.Unwatch(child);
            _cell.StopChild(child);
        }
        PostStop();
    }

    /// <summary>Calls <see cref="PreStart"/>.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>What to do with failing children.</summary>
    protected virtual SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.DefaultStrategy;

    /// <summary>Publishes an <see cref="Event.UnhandledMessage"/>; an unhandled <see cref="Terminated"/> makes the actor fail.</summary>
    protected virtual void Unhandled(object message)
    {
        if (message is Terminated terminated) throw new DeathPactException(terminated.ActorRef);
        _cell.SystemImpl.EventStream.Publish(new Event.UnhandledMessage(message, Sender, Self));
    }

    protected void Become(Receive receive) => _cell.Become(receive);

    protected void BecomeStacked(Receive receive) => _cell.BecomeStacked(receive);

    protected void UnbecomeStacked() => _cell.UnbecomeStacked();

    protected void SetReceiveTimeout(TimeSpan? timeout) => _cell.SetReceiveTimeout(timeout);

    internal bool Handle(Receive receive, object message) => AroundReceive(receive, message);
    internal void HandleUnhandled(object message) => Unhandled(message);
    internal void CallPreStart() => PreStart();
    internal void CallPostStop() => PostStop();
    internal void CallPreRestart(Exception reason, object message) => PreRestart(reason, message);
    internal void CallPostRestart(Exception reason) => PostRestart(reason);
    internal SupervisorStrategy GetSupervisorStrategy() => SupervisorStrategy();
}

/// <summary>An actor with one handler for everything.</summary>
public abstract class UntypedActor : ActorBase
{
    /// <inheritdoc cref="ActorBase.Context"/>
    protected static new IUntypedActorContext Context => ActorCell.Current ?? throw NoContext();

    protected abstract void OnReceive(object message);

    protected sealed override bool Receive(object message)
    {
        OnReceive(message);
        return true;
    }

    /// <summary>Runs the rest of this message's handling asynchronously; the next message waits for its end.</summary>
    protected void RunTask(Action action) => Cell.RunAsync(() =>
    {
        action();
        return Task.CompletedTask;
    });

    /// <inheritdoc cref="RunTask(Action)"/>
    protected void RunTask(Func<Task> action) => Cell.RunAsync(action);

    protected void Become(UntypedReceive receive) => Cell.Become(receive);

    protected void BecomeStacked(UntypedReceive receive) => Cell.BecomeStacked(receive);
}
