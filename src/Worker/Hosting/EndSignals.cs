using System.Runtime.InteropServices;
using TrainingCluster.Hosting;

namespace TrainingCluster.Worker.Hosting;

/// <summary>
/// What ends a worker. SIGTERM: it drains, leaves and ends. SIGINT (Ctrl-C, which the whole local cluster gets), a second
/// signal, or the end of the parent: it leaves without draining.
/// </summary>
internal sealed class EndSignals : IDisposable
{
    private readonly PosixSignalRegistration terminate;
    private readonly PosixSignalRegistration interrupt;
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource hurried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource disposed = new();

    public EndSignals()
    {
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            if (!asked.TrySetResult()) Hurry();
        });
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Hurry();
        });
    }

    /// <summary>Completes when the worker is to end.</summary>
    public Task Asked => asked.Task;

    /// <summary>Completes when it is to end without draining.</summary>
    public Task Hurried => hurried.Task;

    /// <summary>The parent's end is one more reason.</summary>
    public async Task Watch(int parent, TimeProvider time)
    {
        try
        {
            await ParentWatch.Gone(parent, time, disposed.Token);
            Hurry();
        }
        catch (OperationCanceledException)
        {
            // Ending already.
        }
    }

    public void Dispose()
    {
        terminate.Dispose();
        interrupt.Dispose();
        disposed.Cancel();
        disposed.Dispose();
    }

    private void Hurry()
    {
        hurried.TrySetResult();
        asked.TrySetResult();
    }
}
