using System.Runtime.InteropServices;

namespace TrainingCluster.Hosting;

/// <summary>
/// What ends a program. SIGTERM: it drains, leaves and ends. SIGINT (Ctrl-C at a program that was started by hand), a
/// second signal, or the end of the parent: it leaves without draining.
/// </summary>
public sealed class EndSignals : IDisposable
{
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _hurried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _disposed = new();

    /// <summary>Takes the signals of the process until it is disposed of.</summary>
    public EndSignals()
    {
        _terminate = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            context =>
            {
                context.Cancel = true;
                if (!_asked.TrySetResult())
                {
                    Hurry();
                }
            }
        );
        _interrupt = PosixSignalRegistration.Create(
            PosixSignal.SIGINT,
            context =>
            {
                context.Cancel = true;
                Hurry();
            }
        );
    }

    /// <summary>Completes when the program is to end.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Completes when it is to end without draining.</summary>
    public Task Hurried => _hurried.Task;

    /// <summary>The parent's end is one more reason.</summary>
    public async Task WatchAsync(int parent, TimeProvider time)
    {
        try
        {
            await ParentWatch.GoneAsync(parent, time, _disposed.Token);
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

    private void Hurry()
    {
        _hurried.TrySetResult();
        _asked.TrySetResult();
    }
}
