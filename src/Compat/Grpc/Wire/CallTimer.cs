namespace Grpc.Wire;

/// <summary>Fires once when a time has come, however far away it is.</summary>
internal sealed class CallTimer : IDisposable
{
    // What a timer can wait at once.
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly TimeProvider _time;
    private readonly DateTimeOffset _due;
    private readonly Action _fire;
    private readonly ITimer _timer;

    public CallTimer(DateTimeOffset due, TimeProvider time, Action fire)
    {
        _time = time;
        _due = due;
        _fire = fire;
        // A call's timer must not keep the caller's ambient state alive.
        using (ExecutionContext.SuppressFlow())
            _timer = time.CreateTimer(static state => ((CallTimer)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Wait(), Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        var wait = Wait();
        if (wait == TimeSpan.Zero)
            _fire();
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Wait()
    {
        var left = _due - _time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            return TimeSpan.Zero;
        // Timers count whole milliseconds; one that fires early would only tick again.
        left = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
        return left < s_longest ? left : s_longest;
    }
}
