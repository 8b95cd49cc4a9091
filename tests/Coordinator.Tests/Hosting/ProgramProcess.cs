using System.Diagnostics;
using System.Text;
using TrainingCluster.Hosting;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>One of our programs in a process of its own, killed with the test at the latest.</summary>
internal sealed class ProgramProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(3);
    private static readonly string[] s_ports = ["--grpc-port", "--http-port", "--cluster-port"];
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private bool _disposed;

    private ProgramProcess(string program, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Find(program));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public ReadyFile Ready { get; private set; } = null!;

    public static ProgramProcess Run(string program, params string[] arguments) => new(program, arguments);

    /// <summary>Starts a program on free ports and waits until it listens.</summary>
    public static async Task<ProgramProcess> StartAsync(string program, string folder, params string[] arguments)
    {
        var file = Path.Combine(folder, "ready.json");
        var started = new ProgramProcess(
            program,
            [
                .. arguments,
                "--data",
                folder,
                .. s_ports.Where(p => !arguments.Contains(p)).SelectMany(p => new[] { p, "0" }),
                "--ready-file",
                file,
                "--parent-pid",
                $"{Environment.ProcessId}",
            ]
        );
        await UntilAsync(() => File.Exists(file) || started._process.HasExited, () => started.Output);
        Assert.False(started._process.HasExited, started.Output);
        started.Ready = (await ReadyFile.TryReadAsync(file, CancellationToken.None))!;
        return started;
    }

    public static Task UntilAsync(Func<bool> happened, Func<string> state) => Until(() => Task.FromResult(happened()), state);

    public static async Task Until(Func<Task<bool>> happened, Func<string> state)
    {
        using var timeout = new CancellationTokenSource(s_timeout);
        while (!await happened())
        {
            if (timeout.IsCancellationRequested)
            {
                Assert.Fail($"It did not happen within {s_timeout.TotalSeconds} s: {state()}");
            }
            await Task.Delay(50);
        }
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_timeout);
        // The last lines arrive after the exit.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])!;
        await kill.WaitForExitAsync();
        return await ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Note(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }

    /// <summary>artifacts/bin/Coordinator.Tests/release → artifacts/bin/Worker/release/TrainingCluster.Worker.dll.</summary>
    private static string Find(string program)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, program, own.Name, $"TrainingCluster.{program}.dll");
    }
}
