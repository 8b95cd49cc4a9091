namespace Akka.Actor;

/// <summary>What the actor itself asks for through its context.</summary>
internal sealed partial class ActorCell
{
    private readonly Stack<Receive> _behaviors = new();
    private long _nextName;
    private TimerScheduler _timers;
    private StashImpl _stash;
    private ITimer _receiveTimer;
    private long _receiveTimeoutGeneration;

    internal ChildrenContainer Children { get; } = new();
    internal Receive CurrentBehavior => _behaviors.Peek();
    public TimeSpan? ReceiveTimeout { get; private set; }

    public void Become(Receive receive)
    {
        if (_behaviors.Count > 0) _behaviors.Pop();
        _behaviors.Push(receive);
    }

    public void BecomeStacked(Receive receive) => _behaviors.Push(receive);

    public void Become(UntypedReceive receive) => Become(Always(receive));

    public void BecomeStacked(UntypedReceive receive) => BecomeStacked(Always(receive));

    public void UnbecomeStacked()
    {
        if (_behaviors.Count > 1) _behaviors.Pop();
    }

    private static Receive Always(UntypedReceive receive) => message =>
    {
        receive(message);
        return true;
    };

    public IActorRef ActorOf(Props props, string name = null)
    {
        ArgumentNullException.ThrowIfNull(props);
        if (name is null) name = NextName();
        else if (name.Length == 0) throw new InvalidActorNameException("Actor name must not be empty.");
        else if (!ActorPath.IsValidPathElement(name))
            throw new InvalidActorNameException($"Illegal actor name [{name}]. Actor paths MUST: not start with `$`, include only ASCII letters and can only contain these special characters: {ActorPath.ValidSymbols}.");
        var path = new ChildActorPath(SelfRef.Path, name, ActorSystemImpl.NewUid());
        var child = new ActorCell(SystemImpl, props, path, SelfRef);
        Children.Add(child.SelfRef);
        child.EnqueueSystem(Akka.Dispatch.Create.Instance);
        // A child born while its parent is suspended waits with it.
        if (Current == this && _suspended > 0) child.EnqueueSystem(Akka.Dispatch.Suspend.Instance);
        return child.Self;
    }

    private string NextName()
    {
        const string digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~";
        var n = Interlocked.Increment(ref _nextName) - 1;
        var name = "$";
        do
        {
            name += digits[(int)(n & 63)];
            n >>= 6;
        }
        while (n > 0);
        return name;
    }

    public IActorRef Child(string name) => FindChild(name) is { } child ? child : ActorRefs.Nobody;

    internal InternalActorRef FindChild(string name)
    {
        var hash = name.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0) return Children.Find(name);
        var child = Children.Find(name[..hash]);
        return child is not null && long.TryParse(name.AsSpan(hash + 1), out var uid) && child.Path.Uid == uid ? child : null;
    }

    public IEnumerable<IActorRef> GetChildren() => Children.Refs;

    public void Stop(IActorRef child)
    {
        if (child is not InternalActorRef actor) return;
        if (Children.Find(actor) is not null) StopChild(actor);
        else actor.Stop();
    }

    internal void StopChild(InternalActorRef child)
    {
        if (Children.Find(child) is { } stats) stats.Stopping = true;
        if (_terminating) Children.Close();
        child.Stop();
    }

    public ActorSelection ActorSelection(string actorPath) => SystemImpl.Select(SelfRef, actorPath);
    public ActorSelection ActorSelection(ActorPath actorPath) => SystemImpl.ActorSelection(actorPath);

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        ReceiveTimeout = timeout;
        CancelReceiveTimeout();
    }

    private void CancelReceiveTimeout()
    {
        if (_receiveTimer is null) return;
        _receiveTimer.Dispose();
        _receiveTimer = null;
        _receiveTimeoutGeneration++;
    }

    private void StartReceiveTimeout()
    {
        if (ReceiveTimeout is not { } timeout || timeout <= TimeSpan.Zero || _receiveTimer is not null || _closed || _terminating) return;
        var fired = new ReceiveTimeoutFired(_receiveTimeoutGeneration);
        _receiveTimer = SystemImpl.Time.CreateTimer(
            _ => Enqueue(new Envelope(fired, null)), null, timeout, Timeout.InfiniteTimeSpan);
    }

    private sealed record ReceiveTimeoutFired(long Generation) : Event.IDeadLetterSuppression;
}
