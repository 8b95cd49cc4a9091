using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using TrainingCluster.Cli.Local;

namespace TrainingCluster.TestSupport;

/// <summary>The <c>cluster</c> command as a process.</summary>
internal sealed partial class ClusterCommand : IAsyncDisposable
{
    /// <summary>Printed when workers begin to train, and not before. Its number is the first only if all answered in time.</summary>
    public const string Training = "generation ";

    /// <summary>Options of <c>up</c>: any free ports.</summary>
    public static readonly string[] AnyPorts = ["--grpc-port", "0", "--http-port", "0", "--cluster-port", "0"];

    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigStop = 19;
    public const int SigTerm = 15;
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly Lock _lock = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ClusterCommand(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _error));
    }

    public int Pid => _process.Id;

    public string Output
    {
        get
        {
            lock (_lock)
            {
                return _output.ToString();
            }
        }
    }

    public string Error
    {
        get
        {
            lock (_lock)
            {
                return _error.ToString();
            }
        }
    }

    /// <summary>Starts a cluster of two workers on free ports, and waits until it is up.</summary>
    /// <returns>The command, and what it printed: the addresses.</returns>
    public static Task<(ClusterCommand Up, JsonElement Addresses)> UpAsync(Workspace workspace, params string[] options) =>
        UpWithAsync(workspace, [], options);

    /// <summary>The same with variables of the environment, each NAME=VALUE.</summary>
    public static async Task<(ClusterCommand Up, JsonElement Addresses)> UpWithAsync(
        Workspace workspace,
        string[] environment,
        params string[] options
    )
    {
        var up = Start(workspace, environment, ["up", "--workers", "2", .. AnyPorts, "--json", .. options]);
        await up.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        using var document = JsonDocument.Parse(up.Output);
        return (up, document.RootElement.Clone());
    }

    /// <summary>Starts the command with the workspace's temporary folder.</summary>
    public static ClusterCommand Start(Workspace workspace, params string[] arguments) => Start(workspace, [], arguments);

    /// <summary>The same as the leader of a process group, as a terminal has it.</summary>
    public static ClusterCommand StartAsGroup(Workspace workspace, params string[] arguments) => Start(workspace, ["setsid"], arguments);

    /// <summary>The same with variables of the environment, each NAME=VALUE.</summary>
    public static ClusterCommand StartWith(Workspace workspace, string[] environment, params string[] arguments) =>
        Start(workspace, environment, arguments);

    private static ClusterCommand Start(Workspace workspace, string[] launcher, string[] arguments)
    {
        // Tests that were started in the background ignore Ctrl-C, and programs inherit that.
        string[] program = ["env", "--default-signal=INT", .. launcher, ProgramFiles.DotNet];
        var start = new ProcessStartInfo(program[0], program[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workspace.Path,
        };
        // As ./cluster chooses the program.
        var chaos = arguments.FirstOrDefault() == "chaos";
        start.ArgumentList.Add(chaos ? Repository.Program("Chaos", "cluster-chaos.dll") : Repository.Program("Cli", "cluster.dll"));
        foreach (var argument in arguments.Skip(chaos ? 1 : 0))
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["TMPDIR"] = workspace.Temporary;
        // As ./cluster sets it: no debugger pipes in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return new ClusterCommand(Process.Start(start)!);
    }

    /// <summary>Runs the command to its end.</summary>
    public static Task<Tool.Result> RunAsync(Workspace workspace, string input, params string[] arguments) =>
        RunAsync(workspace, input, s_timeout, arguments);

    /// <summary>Runs a command that may take long to its end.</summary>
    public static async Task<Tool.Result> RunAsync(Workspace workspace, string input, TimeSpan timeout, params string[] arguments)
    {
        await using var command = Start(workspace, arguments);
        await command._process.StandardInput.WriteAsync(input);
        command._process.StandardInput.Close();
        return await command.EndAsync(timeout);
    }

    /// <summary>Runs the command to its end with variables of the environment, each NAME=VALUE.</summary>
    public static async Task<Tool.Result> RunWithAsync(Workspace workspace, string[] environment, params string[] arguments)
    {
        await using var command = Start(workspace, environment, arguments);
        command._process.StandardInput.Close();
        return await command.EndAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<Tool.Result> EndAsync(TimeSpan? timeout = null)
    {
        using var limit = Limit(timeout);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return new Tool.Result(_process.ExitCode, Output, Error);
    }

    /// <summary>Waits until what was printed (both streams) holds <paramref name="text"/>.</summary>
    public Task SeeAsync(string text) => SeeAsync(all => all.Contains(text, StringComparison.Ordinal), text);

    /// <summary>Waits until what was printed fulfils a condition.</summary>
    public async Task SeeAsync(Func<string, bool> condition, string what)
    {
        using var limit = Limit();
        while (true)
        {
            // Looked at first: once it has ended, all that it printed is seen below.
            var ended = _reading.IsCompleted;
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
                if (condition($"{_output}{_error}"))
                {
                    return;
                }
            }
            Assert.False(ended, $"ended without '{what}':\n{Output}{Error}");
            try
            {
                await Task.WhenAny(changed, _reading).WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"no '{what}' within {s_timeout.TotalMinutes} min:\n{Output}{Error}");
            }
        }
    }

    /// <summary>Sends a signal to this process alone, and asserts that it got there.</summary>
    public void Signal(int signal) => Signal(Pid, signal);

    /// <summary>Sends a signal to all processes of its group, as a terminal does.</summary>
    public void SignalGroup(int signal) => Signal(-Pid, signal);

    public static void Signal(int pid, int signal) => Assert.Equal(0, Kill(pid, signal));

    /// <summary>True: the process is there (and is no zombie).</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Processes whose command line names <paramref name="text"/>.</summary>
    public static IReadOnlyList<int> ProcessesNaming(string text)
    {
        var found = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (
                    int.TryParse(Path.GetFileName(folder), out var pid)
                    && pid != Environment.ProcessId
                    && File.ReadAllText(Path.Combine(folder, "cmdline")).Contains(text, StringComparison.Ordinal)
                )
                {
                    found.Add(pid);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }
        return found;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Its children watch it and end too.
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
    }

    private static CancellationTokenSource Limit(TimeSpan? timeout = null)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(timeout ?? s_timeout);
        return limit;
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder into)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            lock (_lock)
            {
                into.Append(buffer, 0, read);
                _changed.SetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
