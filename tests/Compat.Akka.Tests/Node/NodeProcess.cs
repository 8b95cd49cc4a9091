using System.Diagnostics;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>This executable, run as a node.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private readonly Process _process;

    private NodeProcess(Process process, string address)
    {
        (_process, Address) = (process, global::Akka.Actor.Address.Parse(address));
        Up = ReadUp();
    }

    public global::Akka.Actor.Address Address { get; }

    public static async Task<NodeProcess> Start(int port, string role, params string[] seeds)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["node", $"{port}", role, .. seeds]) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        var printed = await process.StandardOutput.ReadLineAsync().WaitAsync(Probe.Patience);
        while (printed is not null && !printed.StartsWith("akka.tcp://", StringComparison.Ordinal)) printed = await process.StandardOutput.ReadLineAsync().WaitAsync(Probe.Patience);
        return new NodeProcess(process, printed ?? throw new InvalidOperationException($"The node ended with {process.ExitCode}."));
    }

    /// <summary>Ends when the node itself knows that it is up, which may be later than others know.</summary>
    public Task Up { get; }

    private async Task ReadUp()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line == ClusterNode.UpLine) return;
        throw new InvalidOperationException("The node ended before it was up.");
    }

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Probe.Patience);
    }

    public async Task Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(Probe.Patience);
        Assert.Equal(0, kill.ExitCode);
    }

    public Task Tell(string line) => _process.StandardInput.WriteLineAsync(line);

    public async Task<int> Exit()
    {
        await _process.WaitForExitAsync().WaitAsync(Probe.Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await Kill();
        _process.Dispose();
    }
}
