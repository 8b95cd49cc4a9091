using System.Text.Json;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A cluster that stays up, and everything that clients do with it.</summary>
public sealed class UpTests(UpFixture cluster) : IClassFixture<UpFixture>
{
    private Workspace Workspace => cluster.Workspace;

    [Fact]
    public async Task Submit_Wait_TrainsAndLeavesArtifacts()
    {
        var submitted = await RunAsync("submit", Workspace.WriteJob(), "--wait", "--request-id", "once");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var id = submitted.Output.Split(' ')[1];
        Assert.Contains($"job {id} succeeded, weights_sha256 ", submitted.Output, StringComparison.Ordinal);

        var output = Workspace.At("artifacts");
        var artifacts = await RunAsync("artifacts", id, "--out", output);
        Assert.True(artifacts.ExitCode == 0, artifacts.All);
        using var manifest = JsonDocument.Parse(
            await File.ReadAllBytesAsync(Path.Combine(output, "manifest.json"), TestContext.Current.CancellationToken)
        );
        Assert.Contains(manifest.RootElement.GetProperty("weights_sha256").GetString()!, submitted.Output, StringComparison.Ordinal);

        var job = Job.Parser.ParseJson((await RunAsync("get", id, "--json")).Output);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(80, job.Progress.Step);
        Assert.Contains(id, (await RunAsync("jobs", "--state", "succeeded")).Output, StringComparison.Ordinal);

        var ledger = await RunAsync("ledger", id);
        Assert.True(ledger.ExitCode == 0, ledger.All);
        Assert.Contains("the audit holds: each step up to 80 ", ledger.Output, StringComparison.Ordinal);

        // The same request again is the same job: nothing is trained.
        var again = await RunAsync("submit", Workspace.WriteJob(), "--wait", "--request-id", "once");
        Assert.Equal(id, again.Output.Split(' ')[1]);

        // And its events can be had again, or from a token on.
        var events = JobEvents.Of((await RunAsync("watch", id, "--json")).Output).ToList();
        Assert.Contains(events, item => item.Evaluation is { Step: 80 });
        var rest = JobEvents.Of((await RunAsync("watch", id, "--json", "--resume-token", events[^2].Token)).Output);
        Assert.Equal(events[^1], Assert.Single(rest));
    }

    [Fact]
    public async Task Datasets_PreparedBroughtTrainedOnAndDeleted()
    {
        // Another vocabulary than that of the other tests: nobody else needs it.
        var (source, target) = (Workspace.At("train.source"), Workspace.At("train.target"));
        var prepared = await ClusterCommand.RunAsync(
            Workspace,
            "",
            ["prepare", "--source", source, "--target", target, "--vocabulary", "310", "--out", Workspace.At("dataset"), "--json"]
        );
        Assert.True(prepared.ExitCode == 0, prepared.All);
        var fingerprint = JsonDocument.Parse(prepared.Output).RootElement.GetProperty("fingerprint").GetString()!;
        Assert.Contains(fingerprint, (await OkAsync("datasets", "upload", Workspace.At("dataset"))).Output, StringComparison.Ordinal);

        var job = Workspace.Write(
            "prepared.yaml",
            [
                $"dataset: {{ fingerprint: {fingerprint} }}",
                "model: { dModel: 32, heads: 2, layers: 1, feedForward: 64 }",
                "training: { steps: 10, batchTokens: 1024 }",
                "suspend: true",
            ]
        );
        var id = (await OkAsync("submit", job)).Output.Split(' ')[1];
        var needed = await RunAsync("datasets", "delete", fingerprint);
        Assert.Equal(2, needed.ExitCode);
        Assert.Contains($"is needed by {id}", needed.Error, StringComparison.Ordinal);
        await OkAsync("cancel", id);

        var trained = Workspace.Write("trained.yaml", (await File.ReadAllLinesAsync(job, TestContext.Current.CancellationToken))[..^1]);
        await OkAsync("submit", trained, "--wait", "--out", Workspace.At("brought"));
        Assert.True(File.Exists(Workspace.At("brought/model.safetensors")));

        var dry = await OkAsync("datasets", "gc", "--older-than", "0 s", "--dry-run");
        Assert.Contains(fingerprint, dry.Output, StringComparison.Ordinal);
        await OkAsync("datasets", "delete", fingerprint);
        Assert.DoesNotContain(fingerprint, (await OkAsync("datasets", "list")).Output, StringComparison.Ordinal);
    }

    private async Task<Tool.Result> OkAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.All);
        return result;
    }

    [Fact]
    public async Task Cancel_RunningJob_EndsItForWatchersWithStatus3()
    {
        await using var submit = ClusterCommand.Start(
            Workspace,
            "submit",
            Workspace.WriteJob("long.yaml", steps: 1_000_000),
            "--wait",
            "--coordinator",
            cluster.Coordinator
        );
        await submit.SeeAsync(ClusterCommand.Training);
        var id = submit.Output.Split(' ')[1];
        var cancelled = await RunAsync("cancel", id, "--reason", "changed my mind");
        Assert.True(cancelled.ExitCode == 0, cancelled.All);
        var result = await submit.EndAsync();
        Assert.Equal(3, result.ExitCode);
        Assert.Contains($"job {id} cancelled", result.Output, StringComparison.Ordinal);
        Assert.Contains("changed my mind", (await RunAsync("get", id)).Output, StringComparison.Ordinal);
        var artifacts = await RunAsync("artifacts", id, "--out", Workspace.At("none"));
        Assert.NotEqual(0, artifacts.ExitCode);
        Assert.Contains(id, artifacts.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Workspace.At("none")));
        Assert.Equal(0, (await RunAsync("delete", id)).ExitCode);
        Assert.Equal(2, (await RunAsync("get", id)).ExitCode);
    }

    [Fact]
    public async Task Suspend_RunningJob_GoesOnWhenResumedAndEndsWithTheSameWeights()
    {
        var straight = await RunAsync("submit", Workspace.WriteJob("straight.yaml", steps: 500), "--wait");
        Assert.True(straight.ExitCode == 0, straight.All);
        await using var submit = ClusterCommand.Start(
            Workspace,
            "submit",
            Workspace.WriteJob("broken.yaml", steps: 500),
            "--wait",
            "--coordinator",
            cluster.Coordinator
        );
        await submit.SeeAsync(ClusterCommand.Training);
        var id = submit.Output.Split(' ')[1];
        Assert.Equal(0, (await RunAsync("suspend", id)).ExitCode);
        await submit.SeeAsync("suspended");
        Assert.Equal(0, (await RunAsync("resume", id)).ExitCode);
        var result = await submit.EndAsync();
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Equal(straight.Output.Split("weights_sha256 ")[1], result.Output.Split("weights_sha256 ")[1]);
        var ledger = await RunAsync("ledger", id, "--json");
        Assert.True(ledger.ExitCode == 0, ledger.All);
        Assert.True(JobLedger.Parser.ParseJson(ledger.Output).Generations.Count >= 2, ledger.Output);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("watch")]
    [InlineData("cancel")]
    [InlineData("ledger")]
    public async Task AnyCommand_UnknownJob_NamesTheId(string command)
    {
        var result = await RunAsync(command, "no-such-job");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no-such-job", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_OfTheCluster_AreListed()
    {
        var status = ClusterStatus.Parser.ParseJson((await RunAsync("workers", "--json")).Output);
        Assert.Equal(["worker-1", "worker-2"], status.Workers.Select(worker => worker.Id).Order());
    }

    [Fact]
    public async Task Processes_OverHttp_AreHealthyAndTheirMetricsPassPromtool()
    {
        Tool.Require("promtool", "Debian's package prometheus");
        using var client = new HttpClient();
        foreach (var address in cluster.HttpAddresses)
        {
            Assert.True((await client.GetAsync($"{address}/healthz", TestContext.Current.CancellationToken)).IsSuccessStatusCode);
            await ReadyAsync(client, address);
            var metrics = await client.GetStringAsync($"{address}/metrics", TestContext.Current.CancellationToken);
            Assert.Contains("build_info", metrics, StringComparison.Ordinal);
            var check = await Tool.RunAsync("promtool", ["check", "metrics"], metrics);
            Assert.True(check.ExitCode == 0, check.All);
            Assert.Equal("", check.All);
        }
    }

    /// <summary>A worker is ready once the coordinator's answer has reached it, which is after the coordinator has listed it.</summary>
    private static async Task ReadyAsync(HttpClient client, string address)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (!(await client.GetAsync($"{address}/readyz", limit.Token)).IsSuccessStatusCode)
        {
            await Task.Delay(50, limit.Token);
        }
    }

    private Task<Tool.Result> RunAsync(params string[] arguments) =>
        ClusterCommand.RunAsync(Workspace, "", [.. arguments, "--coordinator", cluster.Coordinator]);
}
