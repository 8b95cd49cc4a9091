using System.Diagnostics;
using System.Runtime.InteropServices;
using TrainingCluster.Hosting;

namespace TrainingCluster.Cli.Local;

/// <summary>One program started by us, with its output in a log file.</summary>
public sealed partial class ChildProgram : IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_killedWithin = TimeSpan.FromSeconds(1);
    private readonly Process _process;
    private readonly TimeProvider _time;

    private ChildProgram(string name, string logPath, Process process, TimeProvider time) =>
        (Name, LogPath, _process, _time) = (name, logPath, process, time);

    /// <summary>"coordinator" or "worker-1".</summary>
    public string Name { get; }

    /// <summary>Everything that it printed.</summary>
    public string LogPath { get; }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>True: it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>How it ended; only once it has.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>True: it runs, and this object still cares for it.</summary>
    internal bool IsRunning
    {
        get
        {
            try
            {
                return !_process.HasExited;
            }
            catch (InvalidOperationException)
            {
                // Disposed meanwhile.
                return false;
            }
        }
    }

    /// <summary>
    /// Starts an assembly as a process that ends with this one, however this one ends. Signals to this process' group do not reach it: it
    /// is told to end in an order in which nothing is lost.
    /// </summary>
    /// <param name="name">A name for people and for its log.</param>
    /// <param name="assembly">The program.</param>
    /// <param name="arguments">Its arguments; <c>--parent-pid</c> is added.</param>
    /// <param name="logPath">Gets its standard output and error.</param>
    /// <param name="time">The clock.</param>
    /// <param name="launcher">A program with its arguments that becomes ours, such as <c>ip netns exec NAME</c>. Null: none.</param>
    public static ChildProgram Start(
        string name,
        string assembly,
        IEnumerable<string> arguments,
        string logPath,
        TimeProvider time,
        IReadOnlyList<string>? launcher = null
    )
    {
        // The shell hands the log over as a plain file and becomes the program: nothing of ours stands between the two,
        // and what was printed survives us. A session of its own keeps Ctrl-C from it.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        string[] command =
        [
            "-c",
            "command -v setsid >/dev/null && set -- setsid \"$@\"; exec \"$@\" </dev/null >>\"$CHILD_LOG\" 2>&1",
            "sh",
            .. launcher ?? [],
            .. ProgramFiles.Command(assembly),
        ];
        foreach (var argument in command.Concat(arguments).Append("--parent-pid").Append($"{Environment.ProcessId}"))
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["CHILD_LOG"] = logPath;
        // The runtime's debugger pipes are files that a killed process leaves behind.
        start.Environment.TryAdd("DOTNET_EnableDiagnostics", "0");
        var process = Process.Start(start) ?? throw new CliException($"{name} could not be started");
        var program = new ChildProgram(name, logPath, process, time);
        OwnedResources.Add(program);
        return program;
    }

    /// <summary>Waits until the program listens.</summary>
    /// <param name="path">Its <c>--ready-file</c>.</param>
    /// <param name="within">How long it may take.</param>
    /// <param name="cancellationToken">Ends the wait, not the program.</param>
    /// <exception cref="CliException">It ended instead, or took too long.</exception>
    public async Task<ReadyFile> ReadyAsync(string path, TimeSpan within, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            if (await ReadyFile.TryReadAsync(path, cancellationToken) is { } ready)
            {
                return ready;
            }
            if (HasEnded)
            {
                throw Ended();
            }
            if (_time.GetElapsedTime(began) > within)
            {
                throw new CliException($"{Name} was not ready after {within.TotalSeconds:F0} s; its log ends with:\n{LogTail()}")
                {
                    ExitCode = ExitCodes.TimedOut,
                };
            }
            await Task.Delay(s_poll, _time, cancellationToken);
        }
    }

    /// <summary>Completes when the program has ended.</summary>
    public Task EndedAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>What to say of a program that ended though it should not have.</summary>
    public CliException Ended() =>
        ExitCode == ExitCodes.BadUsage
            ? CliException.BadUsage(LogTail(1))
            : new CliException($"{Name} ended with status {ExitCode}; its log ends with:\n{LogTail()}");

    /// <summary>Asks the program to end.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>Sends a signal.</summary>
    /// <param name="signal">Its number.</param>
    /// <returns>False: the program has ended.</returns>
    public bool Signal(int signal) => !HasEnded && Kill(Pid, signal) == 0;

    /// <summary>Waits for the end of a program that was asked to, and ends it the hard way after <paramref name="grace"/>.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        Terminate();
        using var limit = new CancellationTokenSource(grace, _time);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        OwnedResources.Remove(this);
        _process.Dispose();
    }

    /// <summary>Ends the program without asking.</summary>
    internal void Kill()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit(s_killedWithin);
        }
        catch (InvalidOperationException)
        {
            // It had ended, and this object with it.
        }
    }

    /// <summary>The last lines that the program printed.</summary>
    public string LogTail(int lines = 12)
    {
        try
        {
            return string.Join('\n', File.ReadLines(LogPath).Where(line => line.Length > 0).TakeLast(lines));
        }
        catch (IOException)
        {
            return $"(no log at {LogPath})";
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
