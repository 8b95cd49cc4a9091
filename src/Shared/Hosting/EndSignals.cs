using System.Runtime.InteropServices;

namespace TrainingCluster.Hosting;

/// <summary>
/// What ends a program. SIGTERM, or SIGINT (Ctrl-C at a program that was started by hand): it drains, leaves and ends. A second
/// signal, a second later or more, or the end of the parent: it leaves without draining.
/// </summary>
public sealed class EndSignals : IDisposable
{
    /// <summary>timeout(1) and some shells send one signal twice, to the process and to its group: within this time it is one.</summary>
    public static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _hurried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _disposed = new();
    private long _firstSignal;

    /// <summary>Takes the signals of the process until it is disposed of.</summary>
    /// <param name="time">Tells one signal from two.</param>
    public EndSignals(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
    }

    /// <summary>Completes when the program is to end.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Completes when it is to end without draining.</summary>
    public Task Hurried => _hurried.Task;

    /// <summary>The parent's end is one more reason.</summary>
    /// <param name="parent">Its process id.</param>
    public async Task WatchAsync(int parent)
    {
        try
        {
            await ParentWatch.GoneAsync(parent, _time, _disposed.Token);
            Hurry();
        }
        catch (OperationCanceledException)
        {
            // Ending already.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _disposed.Cancel();
        _disposed.Dispose();
    }

    private void Ask(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _firstSignal, _time.GetTimestamp(), 0) is var first and not 0)
        {
            if (_time.GetElapsedTime(first) > SameSignal)
            {
                Hurry();
            }
            return;
        }
        _asked.TrySetResult();
    }

    private void Hurry()
    {
        _hurried.TrySetResult();
        _asked.TrySetResult();
    }
}
