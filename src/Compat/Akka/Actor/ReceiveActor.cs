namespace Akka.Actor;

/// <summary>An actor with a handler for each type of message, tried in the order in which they were added.</summary>
public abstract class ReceiveActor : UntypedActor
{
    private HandlerList _building;
    private readonly HandlerList _initial;

    protected ReceiveActor() => _initial = _building = new HandlerList();

    internal sealed override Receive InitialBehavior
    {
        get
        {
            _building = null;
            return _initial.Handle;
        }
    }

    protected sealed override void OnReceive(object message) { }

    /// <summary>Replaces the handlers by those that <paramref name="configure"/> adds.</summary>
    protected void Become(Action configure) => base.Become(Build(configure));

    /// <summary>Puts the handlers that <paramref name="configure"/> adds on top, until <see cref="ActorBase.UnbecomeStacked"/>.</summary>
    protected void BecomeStacked(Action configure) => base.BecomeStacked(Build(configure));

    protected void Receive<T>(Action<T> handler, Predicate<T> shouldHandle = null) => Add(message =>
    {
        if (message is not T typed || (shouldHandle is not null && !shouldHandle(typed))) return false;
        handler(typed);
        return true;
    }, catchesAll: typeof(T) == typeof(object) && shouldHandle is null);

    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Receive(handler, shouldHandle);

    protected void Receive<T>(Func<T, bool> handler) => Add(message => message is T typed && handler(typed));

    protected void Receive(Type messageType, Action<object> handler, Predicate<object> shouldHandle = null) => Add(message =>
    {
        if (!messageType.IsInstanceOfType(message) || (shouldHandle is not null && !shouldHandle(message))) return false;
        handler(message);
        return true;
    });

    protected void ReceiveAsync<T>(Func<T, Task> handler, Predicate<T> shouldHandle = null) => Add(message =>
    {
        if (message is not T typed || (shouldHandle is not null && !shouldHandle(typed))) return false;
        RunTask(() => handler(typed));
        return true;
    }, catchesAll: typeof(T) == typeof(object) && shouldHandle is null);

    protected void ReceiveAsync<T>(Predicate<T> shouldHandle, Func<T, Task> handler) => ReceiveAsync(handler, shouldHandle);

    protected void ReceiveAny(Action<object> handler) => Receive(handler);

    protected void ReceiveAnyAsync(Func<object, Task> handler) => ReceiveAsync(handler);

    private Receive Build(Action configure)
    {
        var handlers = new HandlerList();
        var before = _building;
        _building = handlers;
        try
        {
            configure();
        }
        finally
        {
            _building = before;
        }
        return handlers.Handle;
    }

    private void Add(Receive handler, bool catchesAll = false)
    {
        if (_building is null)
            throw new InvalidOperationException("You may only call Receive-methods when constructing the actor and inside Become().");
        _building.Add(handler, catchesAll);
    }

    private sealed class HandlerList
    {
        private readonly List<Receive> _handlers = [];
        private bool _catchesAll;

        internal void Add(Receive handler, bool catchesAll)
        {
            if (_catchesAll) throw new InvalidOperationException("A handler that catches all messages has been added. No handler can be added after that.");
            _handlers.Add(handler);
            _catchesAll = catchesAll;
        }

        internal bool Handle(object message)
        {
            foreach (var handler in _handlers)
                if (handler(message)) return true;
            return false;
        }
    }
}
