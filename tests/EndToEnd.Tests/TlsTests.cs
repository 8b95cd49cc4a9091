using System.Net;
using System.Text;
using System.Text.Json;
using TrainingCluster.Security;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A cluster of processes that have certificates, as an operator makes it: <c>certs</c>, <c>up --tls</c>.</summary>
public sealed class TlsTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(3);
    private const string Unanswered = "no coordinator answers";
    private readonly Workspace _workspace = new();

    private string Certificates => _workspace.At("certs");

    private string Authorities => $"CLUSTER_CA={Path.Combine(Certificates, "client", "ca.crt")}";

    private string[] Admin => [Authorities, $"CLUSTER_TOKEN_FILE={Path.Combine(Certificates, "client", "token")}"];

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Up_WithTls_TrainsTheSameWeightsAndLetsNoStrangerIn()
    {
        await OkAsync("certs", Certificates);
        var (up, addresses) = await ClusterCommand.UpAsync(_workspace, "--tls", Certificates);
        await using var ending = up;
        var (coordinator, page) = (Address(addresses, "grpc"), Address(addresses, "http"));
        Assert.StartsWith("https://", coordinator, StringComparison.Ordinal);
        string[] access = [Authorities];

        var job = _workspace.WriteJob("job.yaml", steps: 80, "workers: { min: 2 }");
        var submitted = await RunAsync(Admin, "submit", job, "--wait", "--json", "--coordinator", coordinator);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var events = JobEvents.Of(submitted.Output).ToList();
        Assert.Contains(events, e => e.Progress is { WorkerCount: 2 });
        // Plain text, one worker.
        var plain = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train("plain", workers: 1));
        Assert.True(plain.ExitCode == 0, plain.All);
        Assert.Contains(events[^1].State.WeightsSha256, plain.All, StringComparison.Ordinal);

        // Without a token, with a wrong one, without the CA, and in plain text.
        var id = events[0].JobId;
        await RefusedAsync(access, "shows no token", "get", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, "CLUSTER_TOKEN=tc_guess"], "does not know this token", "get", id, "--coordinator", coordinator);
        await RefusedAsync([], "shows no certificate that is trusted", "get", id, "--coordinator", coordinator);
        await RefusedAsync([], Unanswered, "get", id, "--coordinator", coordinator.Replace("https", "http", StringComparison.Ordinal));

        // Tokens of two teams, added while the coordinator runs.
        var viewer = await TokenAsync("ann", "viewer", "default");
        var other = await TokenAsync("bob", "submitter", "team-b");
        await UntilAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "get", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "needs the role submitter", "delete", id, "--coordinator", coordinator);
        await RefusedAsync([.. access, $"CLUSTER_TOKEN={other}"], "there is no job", "get", id, "--coordinator", coordinator);
        var theirs = await RunAsync([.. access, $"CLUSTER_TOKEN={other}"], "submit", job, "--wait", "--json", "--coordinator", coordinator);
        Assert.True(theirs.ExitCode == 0, theirs.All);
        var listed = await RunAsync([.. access, $"CLUSTER_TOKEN={viewer}"], "jobs", "--json", "--coordinator", coordinator);
        Assert.Contains(id, listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(JobEvents.Of(theirs.Output).First().JobId, listed.Output, StringComparison.Ordinal);
        // The page: of the viewer's namespace, for who shows a token.
        Assert.Equal(HttpStatusCode.Unauthorized, (await PageAsync(page, CertificateRole.Coordinator, "tc_guess")).Status);
        var (status, text) = await PageAsync(page, CertificateRole.Coordinator, viewer);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(id, text, StringComparison.Ordinal);
        Assert.DoesNotContain(JobEvents.Of(theirs.Output).First().JobId, text, StringComparison.Ordinal);
        await ServeAsync(coordinator, viewer, id, JobEvents.Of(theirs.Output).First().JobId);
        up.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await up.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Certificates_ReplacedWhileAJobTrains_AreTakenOverAndNoStepIsLost()
    {
        await OkAsync("certs", Certificates);
        var (up, addresses) = await ClusterCommand.UpAsync(_workspace, "--tls", Certificates, "--data", _workspace.At("data"));
        await using var ending = up;
        var coordinator = Address(addresses, "grpc");
        var job = _workspace.WriteJob("job.yaml", steps: 1_000_000, "workers: { min: 2 }");
        var submitted = await RunAsync(Admin, "submit", job, "--json", "--coordinator", coordinator);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var id = Job.Parser.ParseJson(submitted.Output).Id;
        while (await StepAsync() == 0)
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        await OkAsync("certs", Certificates);
        var logs = Directory.GetFiles(_workspace.At(Path.Combine("data", "logs")), "*.log");
        Assert.Equal(3, logs.Length);
        // A worker starts anew with its new certificate when it sees that, or before that, when it sees that the coordinator did.
        foreach (var log in logs)
        {
            await SeenAsync(log, "", "new certificate", "anew");
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
        var ledger = JobLedger.Parser.ParseJson((await RunAsync(Admin, "ledger", id, "--json", "--coordinator", coordinator)).Output);
        Assert.Equal(0, Assert.Single(ledger.Generations).DiscardedStepCount);
        await RunAsync(Admin, "cancel", id, "--coordinator", coordinator);
        up.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await up.EndAsync()).ExitCode);

        async Task<long> StepAsync() =>
            Job.Parser.ParseJson((await RunAsync(Admin, "get", id, "--json", "--coordinator", coordinator)).Output).Progress.Step;
    }

    /// <summary>Waits until a log has a text, and after it others in any order.</summary>
    private static async Task SeenAsync(string log, string first, params string[] then)
    {
        using var limit = new CancellationTokenSource(s_timeout);
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
            Assert.False(limit.IsCancellationRequested, $"{log} lacks “{first}” and then “{string.Join("”, “", then)}”: {all}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
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
        var refused = await ClusterCommand.RunAsync(_workspace, "", ["up", "--host", "0.0.0.0", .. ClusterCommand.AnyPorts]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("without --tls anyone who does may", refused.All, StringComparison.Ordinal);
        Assert.Contains("--insecure-no-authentication", refused.All, StringComparison.Ordinal);
    }

    private static string Address(JsonElement addresses, string name) =>
        addresses.GetProperty("coordinator").GetProperty(name).GetString()!;

    private async Task<string> TokenAsync(string name, string role, string space) =>
        (await OkAsync("token", "add", name, "--role", role, "--namespace", space, "--file", Path.Combine(Certificates, "tokens"))).Trim();

    /// <summary>A server of translations asks as the coordinator does, and tells of the models of the caller's namespace alone.</summary>
    private async Task ServeAsync(string coordinator, string viewer, string id, string theirs)
    {
        string[] ports = ["--grpc-port", "0", "--http-port", "0"];
        await using var serve = ClusterCommand.StartWith(
            _workspace,
            Admin,
            ["serve", "--coordinator", coordinator, "--tls", Certificates, "--json", .. ports]
        );
        await serve.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        var models = $"{JsonDocument.Parse(serve.Output).RootElement.GetProperty("http").GetString()}/v1/models";
        Assert.StartsWith("https://", models, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PageAsync(models, CertificateRole.Serving, "tc_guess")).Status);
        var (status, text) = await PageAsync(models, CertificateRole.Serving, viewer);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(id, text, StringComparison.Ordinal);
        Assert.DoesNotContain(theirs, text, StringComparison.Ordinal);
        serve.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
    }

    /// <summary>The page as a browser asks for it: the password is the token.</summary>
    private async Task<(HttpStatusCode Status, string Text)> PageAsync(string address, CertificateRole role, string token)
    {
        using var handler = new SocketsHttpHandler();
        ClientAccess.From(Path.Combine(Certificates, "client", "ca.crt"), null).Configure(handler.SslOptions, role);
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{token}")));
        using var answer = await http.GetAsync(new Uri(address), TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
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
        Assert.Equal(why == Unanswered ? 4 : 2, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
    }

    private Task<TestSupport.Tool.Result> RunAsync(string[] environment, params string[] arguments) =>
        ClusterCommand.RunWithAsync(_workspace, environment, arguments);
}
