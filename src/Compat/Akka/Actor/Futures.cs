using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Requests with a reply.</summary>
public static class Futures
{
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<object>(message, timeout, CancellationToken.None);

    public static Task<object> Ask(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<object>(message, null, cancellationToken);

    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) => self.Ask<object>(message, timeout, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<T>(message, timeout, CancellationToken.None);

    public static Task<T> Ask<T>(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<T>(message, null, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) => self.Ask<T>(_ => message, timeout, cancellationToken);

    /// <summary>
    /// Sends a message whose sender is a reference of its own for this one reply. The task fails with
    /// <see cref="AskTimeoutException"/> when no reply comes in time (without a time-out it waits for ever, unless
    /// <c>akka.actor.ask-timeout</c> says otherwise), and with the cause of a <see cref="Status.Failure"/> when that is the reply.
    /// </summary>
    public static Task<T> Ask<T>(this ICanTell self, Func<IActorRef, object> messageFactory, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var system = SystemOf(self) ?? throw new ArgumentException("Unable to resolve the target Provider", nameof(self));
        var future = new FutureActorRef<T>(system);
        var limit = timeout ?? system.Settings.AskTimeout;
        future.Start(limit, cancellationToken);
        self.Tell(messageFactory(future), future);
        return future.Task;
    }

    private static ActorSystemImpl SystemOf(ICanTell target) => target switch
    {
        ActorSelection selection => SystemOf(selection.Anchor),
        InternalActorRef actor => actor.System,
        _ => ActorCell.Current?.SystemImpl,
    };
}

/// <summary>The sender of an <c>Ask</c>: the first message it gets is the reply.</summary>
internal sealed class FutureActorRef<T> : InternalActorRef
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _cancellation;
    private ITimer _timer;

    internal FutureActorRef(ActorSystemImpl system)
    {
        System = system;
        Path = system.NewTempPath();
    }

    internal Task<T> Task => _result.Task;
    public override ActorPath Path { get; }
    internal override ActorSystemImpl System { get; }

    internal void Start(TimeSpan limit, CancellationToken cancellationToken)
    {
        System.RegisterTemp(this);
        if (limit > TimeSpan.Zero)
        {
            _timer = System.Time.CreateTimer(
                _ => End(_result.TrySetException(new AskTimeoutException($"Timeout after {limit.TotalSeconds:F2} seconds"))),
                null, limit, Timeout.InfiniteTimeSpan);
        }
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.Register(() => End(_result.TrySetCanceled(cancellationToken)));
        // It may have ended before its timer and registration were noted down.
        if (_result.Task.IsCompleted) End(true);
    }

    private bool End(bool ended)
    {
        if (!ended) return false;
        System.UnregisterTemp(this);
        _timer?.Dispose();
        _cancellation.Unregister();
        return true;
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        var used = message switch
        {
            T reply => _result.TrySetResult(reply),
            Status.Failure failure => _result.TrySetException(failure.Cause ?? new TaskCanceledException("Task cancelled by actor via Failure message.")),
            _ => _result.TrySetException(new ArgumentException($"Received message of type [{message.GetType()}] - Ask expected message of type [{typeof(T)}]")),
        };
        if (!End(used) && !_result.Task.IsCanceled) System.PublishDeadLetter(message, sender, this);
    }

    internal override void SendSystemMessage(SystemMessage message)
    {
        if (message is Watch watch)
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: true, AddressTerminated: false));
        else if (message is Terminate)
            End(_result.TrySetException(new ActorKilledException("Stopped")));
    }
}
