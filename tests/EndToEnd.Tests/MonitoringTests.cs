using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>The shipped Prometheus configuration, rules and dashboard, against a cluster that trains.</summary>
public sealed class MonitoringTests(UpFixture cluster) : IClassFixture<UpFixture>, IDisposable
{
    private readonly HttpClient _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Dashboard_ClusterTrains_EveryQueryHasData()
    {
        Tool.Require("prometheus", "Debian's package prometheus");
        var cancellationToken = TestContext.Current.CancellationToken;
        // One that has ended, with a score; another that trains.
        var ended = await RunAsync("submit", cluster.Workspace.WriteJob(), "--wait");
        Assert.True(ended.ExitCode == 0, ended.All);
        var submitted = await RunAsync(
            "submit",
            cluster.Workspace.WriteJob("long.yaml", steps: 1_000_000, "checkpoint: { everySteps: 20 }")
        );
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var port = FreePort();
        using var prometheus = await StartAsync(port, cancellationToken);
        try
        {
            var queries = await QueriesAsync(cancellationToken);
            Assert.NotEmpty(queries);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(2));
            var empty = queries;
            while (empty.Count > 0)
            {
                var left = new List<string>();
                foreach (var query in empty)
                {
                    if (!await HasDataAsync(port, query))
                    {
                        left.Add(query);
                    }
                }
                empty = left;
                Assert.False(limit.IsCancellationRequested, $"without data: {string.Join("; ", empty)}");
                await Task.Delay(500, cancellationToken);
            }
            var rules = await _client.GetStringAsync($"http://127.0.0.1:{port}/api/v1/rules", cancellationToken);
            Assert.DoesNotContain("\"health\":\"err\"", rules, StringComparison.Ordinal);
            Assert.Contains("\"health\":\"ok\"", rules, StringComparison.Ordinal);
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync(CancellationToken.None);
            await RunAsync("cancel", submitted.Output.Split(' ')[1]);
        }
    }

    private Task<Tool.Result> RunAsync(params string[] words) =>
        ClusterCommand.RunAsync(cluster.Workspace, "", [.. words, "--coordinator", cluster.Coordinator]);

    /// <summary>With the coordinator's port and quicker than as shipped; all else is.</summary>
    private async Task<Process> StartAsync(int port, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(cluster.Workspace.At("prometheus")).FullName;
        File.Copy(Repository.At("deploy", "prometheus", "rules.yaml"), Path.Combine(folder, "rules.yaml"));
        var shipped = await File.ReadAllTextAsync(Repository.At("deploy", "prometheus", "prometheus.yml"), cancellationToken);
        var file = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(
            file,
            shipped
                .Replace("127.0.0.1:7080", new Uri(cluster.HttpAddresses[0]).Authority, StringComparison.Ordinal)
                .Replace("interval: 5s", "interval: 1s", StringComparison.Ordinal)
                .Replace("interval: 15s", "interval: 1s", StringComparison.Ordinal),
            cancellationToken
        );
        string[] arguments =
        [
            $"--config.file={file}",
            $"--storage.tsdb.path={Path.Combine(folder, "data")}",
            $"--web.listen-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--log.level=error",
        ];
        return Process.Start(new ProcessStartInfo("prometheus", arguments))!;
    }

    private static async Task<List<string>> QueriesAsync(CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(Repository.At("deploy", "grafana", "dashboard.json"));
        using var dashboard = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        return
        [
            .. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
            where panel.TryGetProperty("targets", out _)
            from target in panel.GetProperty("targets").EnumerateArray()
            select target.GetProperty("expr").GetString()! into query
            // This machine may have no GPU.
            where !query.Contains("_gpu_", StringComparison.Ordinal)
            select query.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$job_id", ".*", StringComparison.Ordinal),
        ];
    }

    private async Task<bool> HasDataAsync(int port, string query)
    {
        try
        {
            var answer = await _client.GetFromJsonAsync<JsonElement>(
                $"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString(query)}",
                TestContext.Current.CancellationToken
            );
            return answer.GetProperty("data").GetProperty("result").GetArrayLength() > 0;
        }
        catch (HttpRequestException e) when (e.StatusCode is null or HttpStatusCode.ServiceUnavailable)
        {
            // It is not up yet.
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
