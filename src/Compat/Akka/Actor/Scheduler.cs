namespace Akka.Actor;

/// <summary>The scheduler's clocks.</summary>
public interface ITimeProvider
{
    DateTimeOffset Now { get; }
    TimeSpan MonotonicClock { get; }
    TimeSpan HighResMonotonicClock { get; }
}

/// <summary>Sends messages later.</summary>
public interface ITellScheduler
{
    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender);
    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);
    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender);
    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);
}

/// <summary>Runs actions later, on the thread pool.</summary>
public interface IActionScheduler
{
    void ScheduleOnce(TimeSpan delay, Action action);
    void ScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable);
    void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action);
    void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable);
}

/// <summary>The part of a scheduler that runs actions, which may touch no actor's state.</summary>
public interface IAdvancedScheduler : IActionScheduler { }

/// <summary>An actor system's scheduler.</summary>
public interface IScheduler : ITellScheduler, ITimeProvider
{
    IAdvancedScheduler Advanced { get; }
}

/// <summary>Schedules that hand out what cancels them.</summary>
public static class SchedulerExtensions
{
    public static ICancelable ScheduleTellOnceCancelable(this IScheduler scheduler, TimeSpan delay, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleTellOnce(delay, receiver, message, sender, cancelable);
        return cancelable;
    }

    public static ICancelable ScheduleTellRepeatedlyCancelable(this IScheduler scheduler, TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, cancelable);
        return cancelable;
    }
}

/// <summary>A scheduler over a <see cref="TimeProvider"/>'s timers, all of which end with it.</summary>
internal sealed class TimerSchedulerService(TimeProvider time) : IScheduler, IAdvancedScheduler, IDisposable
{
    private readonly HashSet<Entry> _entries = [];
    private readonly long _start = time.GetTimestamp();
    private bool _disposed;

    public DateTimeOffset Now => time.GetUtcNow();
    public TimeSpan MonotonicClock => time.GetElapsedTime(_start);
    public TimeSpan HighResMonotonicClock => MonotonicClock;
    public IAdvancedScheduler Advanced => this;

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellOnce(delay, receiver, message, sender, null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Start(delay, null, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Start(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Start(delay, null, action, cancelable);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) => ScheduleRepeatedly(initialDelay, interval, action, null);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Start(initialDelay, interval, action, cancelable);

    private void Start(TimeSpan delay, TimeSpan? interval, Action action, ICancelable cancelable)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        if (interval is { } i) ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(i, TimeSpan.Zero, nameof(interval));
        if (cancelable is { IsCancellationRequested: true }) return;
        var entry = new Entry { Action = action, Cancelable = cancelable, Once = interval is null };
        lock (_entries)
        {
            if (_disposed) return;
            _entries.Add(entry);
            entry.Timer = time.CreateTimer(_ => Fire(entry), null, delay, interval ?? Timeout.InfiniteTimeSpan);
        }
        if (cancelable is not null) entry.Registration = cancelable.Token.Register(() => Remove(entry));
    }

    private void Fire(Entry entry)
    {
        if (entry.Cancelable is { IsCancellationRequested: true })
        {
            Remove(entry);
            return;
        }
        entry.Action();
        if (entry.Once) Remove(entry);
    }

    private void Remove(Entry entry)
    {
        lock (_entries)
        {
            _entries.Remove(entry);
            entry.Timer?.Dispose();
        }
        entry.Registration.Unregister();
    }

    public void Dispose()
    {
        lock (_entries)
        {
            _disposed = true;
            foreach (var entry in _entries) entry.Timer?.Dispose();
            _entries.Clear();
        }
    }

    private sealed class Entry
    {
        internal Action Action { get; init; }
        internal ICancelable Cancelable { get; init; }
        internal bool Once { get; init; }
        internal ITimer Timer { get; set; }
        internal CancellationTokenRegistration Registration { get; set; }
    }
}
