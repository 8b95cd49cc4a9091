namespace Akka.Actor;

/// <summary>The timers of one actor. A message of a timer that was cancelled or started anew after it was put into the mailbox is recognised by its generation and dropped.</summary>
internal sealed class TimerScheduler(ActorCell cell) : ITimerScheduler
{
    private readonly Dictionary<object, (ITimer Timer, long Generation, bool Once)> _timers = [];
    private long _generation;

    public IReadOnlyCollection<object> ActiveTimers => _timers.Keys;

    public void StartSingleTimer(object key, object msg, TimeSpan timeout) => Start(key, msg, timeout, null, null);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender) => Start(key, msg, timeout, null, sender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval) => Start(key, msg, interval, interval, null);

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender) => Start(key, msg, interval, interval, sender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval) => Start(key, msg, initialDelay, interval, null);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender) => Start(key, msg, initialDelay, interval, sender);

    public bool IsTimerActive(object key) => _timers.ContainsKey(key);

    public void Cancel(object key)
    {
        if (_timers.Remove(key, out var entry)) entry.Timer.Dispose();
    }

    public void CancelAll()
    {
        foreach (var entry in _timers.Values) entry.Timer.Dispose();
        _timers.Clear();
    }

    internal bool TryAccept(TimerFired fired)
    {
        if (!_timers.TryGetValue(fired.Key, out var entry) || entry.Generation != fired.Generation) return false;
        if (entry.Once) Cancel(fired.Key);
        return true;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan? period, IActorRef sender)
    {
        Cancel(key);
        var fired = new TimerFired(key, message, ++_generation);
        var envelope = new Envelope(fired, sender ?? cell.Self);
        var timer = cell.SystemImpl.Time.CreateTimer(
            _ => cell.Enqueue(envelope), null, delay, period ?? Timeout.InfiniteTimeSpan);
        _timers[key] = (timer, fired.Generation, period is null);
    }
}

/// <summary>A timer's message on its way through the mailbox.</summary>
internal sealed record TimerFired(object Key, object Message, long Generation) : Event.IDeadLetterSuppression;
