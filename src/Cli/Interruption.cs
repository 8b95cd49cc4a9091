using System.Runtime.InteropServices;
using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;

namespace TrainingCluster.Cli;

/// <summary>
/// Turns Ctrl-C, SIGTERM and a closed terminal into one cancellation, so that a command ends through its own
/// <c>finally</c> blocks, which let workers store what they hold, stop the processes and remove the folders that it made.
/// What cannot be cancelled (a read that nobody answers, a long computation) is given <see cref="s_patience"/>, and a second signal ends
/// everything at once.
/// </summary>
public sealed partial class Interruption : IDisposable
{
    /// <summary>For a command that has no programs to stop.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Terminal _terminal;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _began;
    private long _idleSince;
    private int _status;
    private bool _told;

    /// <summary>Listens until disposed.</summary>
    /// <param name="terminal">Hears of a command that had to be broken off.</param>
    public Interruption(Terminal terminal)
    {
        _terminal = terminal;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Interrupt(context, 128 + 2)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Interrupt(context, 128 + 15)),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Interrupt(context, 128 + 1)),
        ];
    }

    /// <summary>Cancelled at the first signal.</summary>
    public CancellationToken Token => _cancellation.Token;

    /// <summary>128 + the signal's number; 0 while there was none.</summary>
    public int ExitStatus => Volatile.Read(ref _status);

    /// <summary>What to say of a command that a signal ended.</summary>
    /// <param name="help">How to go on; null: there is nothing to say.</param>
    internal CliException Failure(string? help)
    {
        var text = help is null || _terminal.Json ? "interrupted" : $"interrupted\n{help}";
        return new(text)
        {
            Code = "INTERRUPTED",
            ExitCode = ExitStatus,
            Help = help,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        lock (_lock)
        {
            _timer?.Dispose();
        }
        _cancellation.Dispose();
    }

    private void Interrupt(PosixSignalContext context, int status)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (_status != 0)
            {
                if (_terminal.Time.GetElapsedTime(_began) > EndSignals.SameSignal)
                {
                    Leave();
                }
                return;
            }
            (_status, _began) = (status, _terminal.Time.GetTimestamp());
            _idleSince = _began;
            _timer = _terminal.Time.CreateTimer(_ => LoseHope(), null, s_look, s_look);
        }
        _cancellation.Cancel();
    }

    /// <summary>Programs of ours have time limits of their own, and workers that store their state are worth waiting for.</summary>
    private void LoseHope()
    {
        lock (_lock)
        {
            if (!OwnedResources.HasPrograms)
            {
                if (_terminal.Time.GetElapsedTime(_idleSince) >= s_patience)
                {
                    Leave();
                }
                return;
            }
            _idleSince = _terminal.Time.GetTimestamp();
            if (!_told && _terminal.Time.GetElapsedTime(_began) >= s_patience)
            {
                _told = true;
                _terminal.Error.WriteLine("cluster: the workers store what they hold; another signal ends them at once");
            }
        }
    }

    private void Leave()
    {
        OwnedResources.RemoveAll();
        // Nobody may be reading what we write: that must not keep us.
        var telling = new Thread(() =>
        {
            _terminal.Screen?.Leave();
            FailureReport.Write(_terminal, Failure(null));
        })
        {
            IsBackground = true,
        };
        telling.Start();
        telling.Join(EndSignals.SameSignal);
        // Not Environment.Exit: libraries take leave in order there, and one that still computes would fail on the way.
        Exit(_status);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int status);
}
