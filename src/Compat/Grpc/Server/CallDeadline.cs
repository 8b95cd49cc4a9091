using Grpc.Wire;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A call's deadline: its time, its token and what happens then.</summary>
internal sealed class CallDeadline : IAsyncDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CallTimer _timer;
    private readonly TaskCompletionSource _expired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<Func<Task>, Task> _expire;
    private int _state;

    /// <param name="timeout">From now on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="expire">What happens at the deadline; it is given the firing of the token.</param>
    /// <param name="aborted">The client went away: the token fires too.</param>
    public CallDeadline(TimeSpan timeout, TimeProvider time, Func<Func<Task>, Task> expire, CancellationToken aborted)
    {
        _expire = expire;
        _source = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var now = time.GetUtcNow();
        var due = timeout < DateTimeOffset.MaxValue - now ? now + timeout : DateTimeOffset.MaxValue;
        Deadline = due.UtcDateTime;
        CancellationToken = _source.Token;
        _timer = new CallTimer(due, time, () => _ = RunAsync());
    }

    public DateTime Deadline { get; }

    public CancellationToken CancellationToken { get; }

    /// <summary>Stops the timer; waits for what a deadline has begun.</summary>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        if (Interlocked.Exchange(ref _state, 1) != 0)
            await _expired.Task;
        _source.Dispose();
    }

    private async Task RunAsync()
    {
        if (Interlocked.Exchange(ref _state, 1) != 0)
            return;
        try
        {
            await _expire(_source.CancelAsync);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // The connection is gone: there is nobody left to tell.
        }
        finally
        {
            _expired.TrySetResult();
        }
    }
}
