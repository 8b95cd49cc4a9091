using System.Collections.Concurrent;
using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>
/// The room an actor lives in: its mailbox, its children, its watches. At most one thread is in it at a time
/// (<c>_scheduled</c>), and every field without a lock belongs to that thread.
/// </summary>
internal sealed partial class ActorCell : IUntypedActorContext, IThreadPoolWorkItem
{
    /// <summary>Messages handled before another actor gets this thread.</summary>
    private const int Throughput = 30;

    [ThreadStatic] private static ActorCell t_current;

    private readonly ConcurrentQueue<SystemMessage> _systemQueue = new();
    private readonly ConcurrentQueue<Envelope> _userQueue = new();

    /// <summary>Unstashed messages, which come before those of the queue.</summary>
    private readonly LinkedList<Envelope> _front = new();

    private int _scheduled;
    private int _suspended;
    private bool _awaiting;
    private bool _closed;
    private ActorTaskScheduler _taskScheduler;

    internal ActorCell(ActorSystemImpl system, Props props, ActorPath path, InternalActorRef parent)
    {
        SystemImpl = system;
        Props = props;
        ParentRef = parent;
        SelfRef = new LocalActorRef(path) { Cell = this };
    }

    internal static ActorCell Current => t_current;
    internal ActorSystemImpl SystemImpl { get; }
    internal InternalActorRef SelfRef { get; }
    internal InternalActorRef ParentRef { get; }
    internal ActorBase Actor { get; private set; }
    internal Envelope CurrentEnvelope { get; private set; }

    public IActorRef Self => SelfRef;
    public IActorRef Sender => CurrentEnvelope.Sender ?? SystemImpl.DeadLetters;
    public IActorRef Parent => ParentRef;
    public ActorSystem System => SystemImpl;
    public Props Props { get; }

    private bool MayRunUser => _closed || (_suspended == 0 && !_awaiting && !_terminating && Actor is not null);

    internal void Enqueue(Envelope envelope)
    {
        _userQueue.Enqueue(envelope);
        Schedule();
    }

    internal void EnqueueSystem(SystemMessage message)
    {
        _systemQueue.Enqueue(message);
        Schedule();
    }

    private void Schedule()
    {
        if (Interlocked.CompareExchange(ref _scheduled, 1, 0) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        var before = t_current;
        t_current = this;
        try
        {
            RunSystemMessages();
            for (var n = 0; n < Throughput && MayRunUser && TryDequeue(out var envelope); n++)
            {
                Invoke(envelope);
                RunSystemMessages();
            }
        }
        finally
        {
            t_current = before;
        }
        var mayRunUser = MayRunUser;
        var hasFront = _front.Count > 0;
        Interlocked.Exchange(ref _scheduled, 0);
        // From here on another thread may be in this cell: only the queues are looked at.
        if (!_systemQueue.IsEmpty || (mayRunUser && (hasFront || !_userQueue.IsEmpty))) Schedule();
    }

    private bool TryDequeue(out Envelope envelope)
    {
        if (_front.First is not { } first) return _userQueue.TryDequeue(out envelope);
        envelope = first.Value;
        _front.RemoveFirst();
        return true;
    }

    /// <summary>Puts messages before all others that wait, in the order given.</summary>
    internal void Prepend(IEnumerable<Envelope> envelopes)
    {
        foreach (var envelope in envelopes.Reverse()) _front.AddFirst(envelope);
    }

    private void RunSystemMessages()
    {
        while (_systemQueue.TryDequeue(out var message))
        {
            try
            {
                if (_closed) RunSystemMessageOfClosed(message);
                else Invoke(message);
            }
            catch (Exception e)
            {
                HandleFailure(e);
            }
        }
    }

    private void RunSystemMessageOfClosed(SystemMessage message)
    {
        if (message is Watch watch && !Equals(watch.Watcher, SelfRef))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
    }

    private void Invoke(SystemMessage message)
    {
        switch (message)
        {
            case Create: CreateActor(); break;
            case RunTask run: run.Scheduler.Run(run.Task); break;
            case AsyncHandlerDone done: FinishAsync(done); break;
            case Failed failed: HandleChildFailed(failed); break;
            case DeathWatchNotification notification: HandleDeath(notification); break;
            case Watch watch: AddWatcher(watch); break;
            case Unwatch unwatch: RemoveWatcher(unwatch); break;
            case Terminate: BeginTermination(); break;
            case Suspend: SuspendSelf(); break;
            case Resume resume: ResumeSelf(resume.Cause); break;
            case Recreate recreate: BeginRecreate(recreate.Cause); break;
            default: throw new InvalidOperationException($"Unknown system message {message}");
        }
    }

    private void Invoke(Envelope envelope)
    {
        if (_closed)
        {
            if (envelope.Message is not TimerFired) SystemImpl.PublishDeadLetter(envelope.Message, envelope.Sender, SelfRef);
            return;
        }
        if (envelope.Message is TimerFired fired)
        {
            if (_timers is null || !_timers.TryAccept(fired)) return;
            envelope = new Envelope(fired.Message, envelope.Sender);
        }
        if (envelope.Message is ReceiveTimeoutFired timeout)
        {
            if (timeout.Generation != _receiveTimeoutGeneration) return;
            envelope = new Envelope(Akka.Actor.ReceiveTimeout.Instance, null);
        }
        CurrentEnvelope = envelope;
        if (envelope.Message is not INotInfluenceReceiveTimeout) CancelReceiveTimeout();
        try
        {
            Dispatch(envelope.Message);
        }
        catch (Exception e)
        {
            HandleFailure(e);
        }
        finally
        {
            // While an asynchronous handler runs, its message is still the current one.
            if (!_awaiting) AfterMessage();
        }
    }

    private void AfterMessage()
    {
        CurrentEnvelope = default;
        StartReceiveTimeout();
    }

    private void Dispatch(object message)
    {
        switch (message)
        {
            case Terminated terminated: ReceiveTerminated(terminated); break;
            case WatchedWith with: ReceiveWatchedWith(with); break;
            case Kill: throw new ActorKilledException("Kill");
            case PoisonPill: SelfRef.Stop(); break;
            case Identify identify: Sender.Tell(new ActorIdentity(identify.MessageId, SelfRef), SelfRef); break;
            case SelectionMessage selection: selection.Deliver(SelfRef, CurrentEnvelope.Sender); break;
            default: ReceiveMessage(message); break;
        }
    }

    internal void ReceiveMessage(object message)
    {
        if (!Actor.Handle(CurrentBehavior, message)) Actor.HandleUnhandled(message);
    }

    /// <summary>Runs an asynchronous handler; until its task ends, the actor takes no other message.</summary>
    internal void RunAsync(Func<Task> handler)
    {
        _taskScheduler ??= new ActorTaskScheduler(this);
        var start = new Task<Task>(handler);
        start.RunSynchronously(_taskScheduler);
        var task = start.Unwrap();
        if (task.IsCompleted)
        {
            // Rethrows what the handler threw, as a synchronous handler would.
            task.GetAwaiter().GetResult();
            return;
        }
        _awaiting = true;
        task.ContinueWith(
            static (done, state) =>
            {
                var cause = done.IsCanceled ? new TaskCanceledException(done) : done.Exception?.InnerException;
                ((ActorCell)state).EnqueueSystem(new AsyncHandlerDone(cause));
            },
            this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void FinishAsync(AsyncHandlerDone done)
    {
        _awaiting = false;
        try
        {
            if (done.Cause is not null) HandleFailure(done.Cause);
        }
        finally
        {
            AfterMessage();
        }
    }
}
