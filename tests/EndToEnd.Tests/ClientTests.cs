using System.Text.Json.Nodes;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Clients that are none of ours, against real processes.</summary>
public sealed class ClientTests(UpFixture cluster) : IClassFixture<UpFixture>
{
    // Debian's, which has Debian's grpcio, whatever stands before it on the path.
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task PythonQuickstart_AgainstACluster_TrainsAndTakesTheModel()
    {
        Assert.SkipUnless(
            File.Exists(Python) && (await Tool.RunAsync(Python, ["-c", "import grpc, google.protobuf"])).ExitCode == 0,
            $"{Python} has no grpcio (Debian: apt-get install python3-grpcio python3-protobuf)"
        );
        var result = await RunAsync(cluster.Workspace.At("train.target"));
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Matches("weights_sha256 [0-9a-f]{64}, [0-9]+ bytes", result.Output);

        var refused = await RunAsync(cluster.Workspace.At("valid.target"));
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("INVALID_FIELDS: text: source has ", refused.Error, StringComparison.Ordinal);

        Task<Tool.Result> RunAsync(string target) =>
            Tool.RunAsync(Python, ["-B", Quickstart, new Uri(cluster.Coordinator).Authority, cluster.Workspace.At("train.source"), target]);
    }

    [Fact]
    public async Task TypeScriptQuickstart_AgainstACluster_TrainsAndTakesTheModel()
    {
        Tool.Require("npm", "Debian's packages nodejs and npm");
        var folder = cluster.Workspace.At("typescript");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(Repository.At("examples", "clients", "typescript")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        var installed = await Tool.RunAsync("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], folder: folder);
        Assert.SkipUnless(installed.ExitCode == 0, $"npm cannot fetch the packages: {installed.Error.Split('\n')[0]}");
        var built = await Tool.RunAsync("npm", ["run", "build"], folder: folder);
        Assert.True(built.ExitCode == 0, built.All);
        var result = await RunAsync(cluster.Workspace.At("train.target"));
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Matches("weights_sha256 [0-9a-f]{64}, [0-9]+ bytes", result.Output);
        var refused = await RunAsync(cluster.Workspace.At("valid.target"));
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("INVALID_FIELDS: text: source has ", refused.Error, StringComparison.Ordinal);

        Task<Tool.Result> RunAsync(string target)
        {
            var script = Path.Combine(folder, "out", "quickstart.js");
            return Tool.RunAsync("node", [script, new Uri(cluster.Coordinator).Authority, cluster.Workspace.At("train.source"), target]);
        }
    }

    [Fact]
    public async Task Http_AgainstACluster_FindsChangesAndWatchesAJob()
    {
        var job = await SubmittedAsync("--label", "made-by=http");
        var address = cluster.HttpAddresses[0];
        using var client = new HttpClient();
        var cancellationToken = TestContext.Current.CancellationToken;
        var found = JsonNode.Parse(
            await client.GetStringAsync($"{address}/v1/jobs?filter={Uri.EscapeDataString("labels.made-by = http")}", cancellationToken)
        )!;
        Assert.Equal(job.Id, Assert.Single(found["jobs"]!.AsArray())!["id"]!.GetValue<string>());
        // The stream ends with the job.
        var lines = (await client.GetStringAsync($"{address}/v1/jobs/{job.Id}:watch", cancellationToken)).Split('\n');
        var events = lines.Where(line => line.Length > 0).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal("JOB_STATE_SUCCEEDED", events[^1]["state"]!["state"]!.GetValue<string>());
        using var missing = await client.GetAsync($"{address}/v1/jobs/nope", cancellationToken);
        Assert.Equal(404, (int)missing.StatusCode);
        Assert.Contains("JOB_NOT_FOUND", await missing.Content.ReadAsStringAsync(cancellationToken), StringComparison.Ordinal);
        Assert.Contains(
            "/v1/jobs/{id}:watch",
            await client.GetStringAsync($"{address}/openapi.json", cancellationToken),
            StringComparison.Ordinal
        );
        Assert.Contains("GET /v1/queue", await client.GetStringAsync($"{address}/api", cancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_OfLabelsFiltersAndUpdates_DoWhatTheySay()
    {
        var dry = await RunAsync("submit", cluster.Workspace.WriteJob("dry.yaml", 500_000), "--label", "made-by=dry", "--dry-run");
        Assert.True(dry.ExitCode == 0, dry.All);
        Assert.Contains("the job would be taken", dry.Output, StringComparison.Ordinal);
        Assert.Equal("", (await RunAsync("jobs", "--filter", "labels.made-by = dry", "--json")).Output);

        var file = cluster.Workspace.WriteJob("updated.yaml", 1_000_000);
        var id = (await RunAsync("submit", file, "--label", "made-by=update")).Output.Split(' ')[1];
        var updated = await RunAsync("update", id, "--priority", "7", "--max-workers", "1", "--label", "tier=gold", "--json");
        Assert.True(updated.ExitCode == 0, updated.All);
        var job = Job.Parser.ParseJson(updated.Output);
        Assert.Equal((7, 1, "gold", "update"), (job.Spec.Priority, job.Spec.Workers.Max, job.Labels["tier"], job.Labels["made-by"]));
        Assert.Contains(
            id,
            (await RunAsync("jobs", "--filter", "labels.made-by = update AND priority > 6")).Output,
            StringComparison.Ordinal
        );
        var refused = await RunAsync("update", id, "--priority", "5000");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("spec.priority: '5000' is out of range", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("cancel", id)).ExitCode);
    }

    private static string Quickstart => Repository.At("examples", "clients", "python", "quickstart.py");

    private async Task<Job> SubmittedAsync(params string[] more)
    {
        var submitted = await RunAsync(["submit", cluster.Workspace.WriteJob(), "--json", .. more]);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        return Job.Parser.ParseJson(submitted.Output);
    }

    private Task<Tool.Result> RunAsync(params string[] arguments) =>
        ClusterCommand.RunAsync(cluster.Workspace, "", [.. arguments, "--coordinator", cluster.Coordinator]);
}
