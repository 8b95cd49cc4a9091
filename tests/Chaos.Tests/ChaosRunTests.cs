using System.Text.Json;

namespace TrainingCluster.Chaos.Tests;

/// <summary>A few faults of the kinds that need no rights; longer runs are for <c>./cluster chaos</c> (docs/reliability.md).</summary>
public sealed class ChaosRunTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public Task Chaos_AFewFaults_AllHappenAndTheWeightsStayTheSame() =>
        RunAsync(["kill", "outage", "stop", "join", "leave", "coordinator", "garbage"]);

    [Fact]
    public async Task Chaos_WithTls_AllHappenAndTheWeightsStayTheSame()
    {
        var made = await ClusterCommand.RunAsync(_workspace, "", "certs", _workspace.At("certs"));
        Assert.True(made.ExitCode == 0, made.All);
        // Where somebody connects anew, or who is none of the cluster.
        await RunAsync(["kill", "join", "coordinator", "garbage"], "--tls", _workspace.At("certs"));
    }

    private async Task RunAsync(string[] faults, params string[] tls)
    {
        var result = await ClusterCommand.RunAsync(
            _workspace,
            "",
            TimeSpan.FromMinutes(10),
            [
                "chaos",
                "--workers",
                "2",
                "--faults",
                string.Join(',', faults),
                "--rounds",
                $"{faults.Length}",
                "--steps",
                "200",
                "--seed",
                "3",
                "--work-dir",
                _workspace.At("chaos run"),
                "--json",
                .. tls,
            ]
        );
        Assert.True(result.ExitCode == 0, result.All);
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        Assert.True(report.GetProperty("passed").GetBoolean());
        var rounds = report.GetProperty("rounds").EnumerateArray().ToList();
        Assert.Equal(faults.Order(), rounds.Select(round => round.GetProperty("fault").GetProperty("kind").GetString()).Order());
        Assert.All(rounds, round => Assert.NotEqual("", round.GetProperty("proof").GetString() ?? ""));
        Assert.All(rounds, round => Assert.True(round.GetProperty("recoverySeconds").GetDouble() > 0));
        Assert.Equal(
            "backward",
            rounds.Single(round => round.GetProperty("fault").GetProperty("kind").GetString() == "kill").GetProperty("way").GetString()
        );
        // Every change of the group makes a generation: there were some.
        var jobs = report.GetProperty("jobs").EnumerateArray().ToList();
        Assert.True(report.GetProperty("generations").GetInt64() > jobs.Count, $"{report}");
        var weights = report.GetProperty("undisturbed").GetProperty("weightsSha256").GetString();
        Assert.Equal(64, weights!.Length);
        Assert.All(jobs, job => Assert.Equal(weights, job.GetProperty("weightsSha256").GetString()));
        // Told by its machine, not by the heartbeats that it missed.
        Assert.Contains(
            "is lost: its process is gone",
            File.ReadAllText(_workspace.At(Path.Combine("chaos run", "logs", "coordinator.log"))),
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));
        Assert.Empty(ClusterCommand.ProcessesNaming(_workspace.Temporary));
    }
}
