using System.Runtime.InteropServices;

namespace TrainingCluster.Cli;

/// <summary>
/// Turns Ctrl-C, SIGTERM and a closed terminal into one cancellation, so that a command ends through its own
/// <c>finally</c> blocks, which stop the processes and remove the folders that it made.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _status;

    /// <summary>Listens until disposed.</summary>
    public Interruption() =>
        _registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Interrupt(context, 128 + 2)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Interrupt(context, 128 + 15)),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Interrupt(context, 128 + 1)),
        ];

    /// <summary>Cancelled at the first signal. Later ones change nothing: cleaning up is short and must not be cut off.</summary>
    public CancellationToken Token => _cancellation.Token;

    /// <summary>128 + the signal's number; 0 while there was none.</summary>
    public int ExitStatus => Volatile.Read(ref _status);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _cancellation.Dispose();
    }

    private void Interrupt(PosixSignalContext context, int status)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _status, status, 0) == 0)
        {
            _cancellation.Cancel();
        }
    }
}
