using System.Text.Json;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A cluster of processes that have certificates, as an operator makes it: <c>certs</c>, <c>up --tls</c>.</summary>
public sealed class TlsTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(3);
    private readonly Workspace _workspace = new();

    private string Certificates => _workspace.At("certs");

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Up_WithTls_TrainsTheSameWeightsAndLetsNoStrangerIn()
    {
        await OkAsync("certs", Certificates);
        await using var up = ClusterCommand.Start(
            _workspace,
            ["up", "--tls", Certificates, "--workers", "2", "--grpc-port", "0", "--http-port", "0", "--cluster-port", "0", "--json"]
        );
        await up.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        using var document = JsonDocument.Parse(up.Output);
        var coordinator = document.RootElement.GetProperty("coordinator").GetProperty("grpc").GetString()!;
        Assert.StartsWith("https://", coordinator, StringComparison.Ordinal);
        string[] access = [$"CLUSTER_CA={Path.Combine(Certificates, "client", "ca.crt")}"];
        string[] admin = [.. access, $"CLUSTER_TOKEN_FILE={Path.Combine(Certificates, "client", "token")}"];

        var job = _workspace.WriteJob("job.yaml", steps: 80, "workers: { min: 2 }");
        var submitted = await RunAsync(admin, "submit", job, "--wait", "--json", "--coordinator", coordinator);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var events = JobEvents.Of(submitted.Output).ToList();
        Assert.Contains(events, e => e.Progress is { Workers: 2 });
        // Plain text, one worker.
        var plain = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train("plain", workers: 1));
        Assert.True(plain.ExitCode == 0, plain.All);
        Assert.Contains(events[^1].State.WeightsSha256, plain.All, StringComparison.Ordinal);

        // Without a token, with a wrong one, without the CA, and in plain text.
        var id = events[0].JobId;
        await RefusedAsync(access, "shows no token", "get", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, "CLUSTER_TOKEN=tc_guess"], "does not know this token", "get", id, "--coordinator", coordinator);
        await RefusedAsync([], "shows no certificate that is trusted", "get", id, "--coordinator", coordinator);
        await RefusedAsync(
            [],
            "no coordinator answers",
            "get",
            id,
            "--coordinator",
            coordinator.Replace("https", "http", StringComparison.Ordinal)
        );

        // Tokens of two teams, added while the coordinator runs.
        var viewer = (
            await OkAsync(
                "token",
                "add",
                "ann",
                "--role",
                "viewer",
                "--namespace",
                "default",
                "--file",
                Path.Combine(Certificates, "tokens")
            )
        ).Trim();
        var other = (
            await OkAsync(
                "token",
                "add",
                "bob",
                "--role",
                "submitter",
                "--namespace",
                "team-b",
                "--file",
                Path.Combine(Certificates, "tokens")
            )
        ).Trim();
        await UntilAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "get", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "needs the role submitter", "delete", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, $"CLUSTER_TOKEN={other}"], "there is no job", "get", id, "--coordinator", coordinator);
        var theirs = await RunAsync([.. access, $"CLUSTER_TOKEN={other}"], "submit", job, "--wait", "--json", "--coordinator", coordinator);
        Assert.True(theirs.ExitCode == 0, theirs.All);
        var listed = await RunAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "jobs", "--json", "--coordinator", coordinator);
        Assert.Contains(id, listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(JobEvents.Of(theirs.Output).First().JobId, listed.Output, StringComparison.Ordinal);
        up.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await up.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Certificates_ReplacedWhileAJobTrains_AreTakenOverAndNoStepIsLost()
    {
        await OkAsync("certs", Certificates);
        await using var up = ClusterCommand.Start(
            _workspace,
            [
                "up",
                "--tls",
                Certificates,
                "--data",
                _workspace.At("data"),
                "--workers",
                "2",
                "--grpc-port",
                "0",
                "--http-port",
                "0",
                "--cluster-port",
                "0",
                "--json",
            ]
        );
        await up.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        using var document = JsonDocument.Parse(up.Output);
        var coordinator = document.RootElement.GetProperty("coordinator").GetProperty("grpc").GetString()!;
        string[] admin =
        [
            $"CLUSTER_CA={Path.Combine(Certificates, "client", "ca.crt")}",
            $"CLUSTER_TOKEN_FILE={Path.Combine(Certificates, "client", "token")}",
        ];
        var job = _workspace.WriteJob("job.yaml", steps: 1_000_000, "workers: { min: 2 }");
        var submitted = await RunAsync(admin, "submit", job, "--json", "--coordinator", coordinator);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var id = Job.Parser.ParseJson(submitted.Output).Id;
        while (await StepAsync() == 0)
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        await OkAsync("certs", Certificates);
        var logs = Directory.GetFiles(_workspace.At(Path.Combine("data", "logs")), "*.log");
        Assert.Equal(3, logs.Length);
        foreach (var log in logs)
        {
            await SeenAsync(log, "certificate was replaced");
        }
        // The workers are back with the new coordinator's actors, and never stopped.
        await SeenAsync(
            logs.Single(log => Path.GetFileName(log) == "coordinator.log"),
            "the certificate was replaced",
            "worker-1",
            "worker-2"
        );
        var step = await StepAsync();
        while (await StepAsync() < step + 200)
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        var ledger = JobLedger.Parser.ParseJson((await RunAsync(admin, "ledger", id, "--json", "--coordinator", coordinator)).Output);
        Assert.Equal(0, Assert.Single(ledger.Generations).DiscardedSteps);
        await RunAsync(admin, "cancel", id, "--coordinator", coordinator);
        up.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await up.EndAsync()).ExitCode);

        async Task<long> StepAsync() =>
            Job.Parser.ParseJson((await RunAsync(admin, "get", id, "--json", "--coordinator", coordinator)).Output).Progress.Step;
    }

    /// <summary>Waits until a log has a text, and after it others in any order.</summary>
    private static async Task SeenAsync(string log, string first, params string[] then)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(s_timeout);
        while (true)
        {
            var all = await ReadAsync();
            if (
                all.IndexOf(first, StringComparison.Ordinal) is >= 0 and var at
                && then.All(text => all.IndexOf(text, at, StringComparison.Ordinal) >= 0)
            )
            {
                return;
            }
            await Task.Delay(200, limit.Token);
        }

        async Task<string> ReadAsync()
        {
            await using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync();
        }
    }

    [Fact]
    public async Task Up_OnAnAddressThatOthersReach_IsRefusedWithoutTlsUnlessItIsSaid()
    {
        var refused = await ClusterCommand.RunAsync(
            _workspace,
            "",
            "up",
            "--host",
            "0.0.0.0",
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            "--cluster-port",
            "0"
        );
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("without --tls anyone who does may", refused.All, StringComparison.Ordinal);
        Assert.Contains("--insecure-no-authentication", refused.All, StringComparison.Ordinal);
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var result = await ClusterCommand.RunAsync(_workspace, "", arguments);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }

    private async Task UntilAsync(string[] environment, params string[] arguments)
    {
        while ((await RunAsync(environment, arguments)).ExitCode != 0)
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private async Task RefusedAsync(string[] environment, string why, params string[] arguments)
    {
        var result = await RunAsync(environment, arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
    }

    private Task<TestSupport.Tool.Result> RunAsync(string[] environment, params string[] arguments) =>
        ClusterCommand.RunWithAsync(_workspace, environment, arguments);
}
