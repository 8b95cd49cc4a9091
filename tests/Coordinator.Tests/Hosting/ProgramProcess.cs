using System.Diagnostics;
using System.Text;
using TrainingCluster.Hosting;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>One of our programs in a process of its own, killed with the test at the latest.</summary>
internal sealed class ProgramProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] s_ports = ["--grpc-port", "--http-port", "--cluster-port"];
    private readonly Process process;
    private readonly StringBuilder output = new();
    private bool disposed;

    private ProgramProcess(string program, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Find(program));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (output) return output.ToString();
        }
    }

    public ReadyFile Ready { get; private set; } = null!;

    public static ProgramProcess Run(string program, params string[] arguments) => new(program, arguments);

    /// <summary>Starts a program on free ports and waits until it listens.</summary>
    public static async Task<ProgramProcess> Start(string program, string folder, params string[] arguments)
    {
        var file = Path.Combine(folder, "ready.json");
        var started = new ProgramProcess(program,
            [
                .. arguments, "--data", folder, .. s_ports.Where(p => !arguments.Contains(p)).SelectMany(p => new[] { p, "0" }),
                "--ready-file", file, "--parent-pid", $"{Environment.ProcessId}",
            ]);
        await Until(() => File.Exists(file) || started.process.HasExited, () => started.Output);
        Assert.False(started.process.HasExited, started.Output);
        started.Ready = (await ReadyFile.TryReadAsync(file, CancellationToken.None))!;
        return started;
    }

    public static Task Until(Func<bool> happened, Func<string> state) => Until(() => Task.FromResult(happened()), state);

    public static async Task Until(Func<Task<bool>> happened, Func<string> state)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await happened())
        {
            if (patience.IsCancellationRequested) Assert.Fail($"It did not happen within {Patience.TotalSeconds} s: {state()}");
            await Task.Delay(50);
        }
    }

    public async Task<int> Exit()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        // The last lines arrive after the exit.
        process.WaitForExit();
        return process.ExitCode;
    }

    public async Task<int> Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])!;
        await kill.WaitForExitAsync();
        return await Exit();
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Note(string? line)
    {
        lock (output) output.AppendLine(line);
    }

    /// <summary>artifacts/bin/Coordinator.Tests/release → artifacts/bin/Worker/release/TrainingCluster.Worker.dll.</summary>
    private static string Find(string program)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, program, own.Name, $"TrainingCluster.{program}.dll");
    }
}
