using System.Text.Json;

namespace TrainingCluster.EndToEnd.Tests.Tracing;

/// <summary>One trace over the client's call, the coordinator and the workers, at a real collector.</summary>
public sealed class TracingTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Job_WithACollector_IsOneTreeOfSpansOfAllPrograms(string protocol)
    {
        await using var collector = await OtlpCollector.StartAsync();
        using var workspace = new Workspace();
        var endpoint = protocol == "grpc" ? collector.GrpcAddress : collector.HttpAddress;
        var id = await TrainAsync(
            workspace,
            [$"OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}", $"OTEL_EXPORTER_OTLP_PROTOCOL={protocol}"],
            (log, name) =>
            {
                // Every line about the job names the trace, on every program.
                Assert.Contains(Trace, log, StringComparison.Ordinal);
                Assert.All(Lines(log).Where(line => Field(line, "job").Length > 0), line => Assert.Equal(Trace, Field(line, "trace_id")));
                Assert.Contains(Lines(log), line => Field(line, "job").Length > 0);
                Assert.DoesNotContain("traces cannot be sent", log, StringComparison.Ordinal);
            }
        );

        var spans = collector.Spans.Where(span => span.TraceId == Trace).ToArray();
        var call = Assert.Single(spans, span => span.Name == "cluster.v1.Jobs/CreateJob");
        Assert.Equal((Parent, "training-cluster-coordinator"), (call.ParentId, call.Service));
        var job = Assert.Single(spans, span => span.Name == "job");
        Assert.Equal((call.Id, "Succeeded", id), (job.ParentId, job.Attributes["cluster.state"], job.Attributes["cluster.job"]));
        Assert.Contains(spans, span => span.Name == "queue" && span.ParentId == call.Id);
        var rendezvous = Assert.Single(spans, span => span is { Name: "rendezvous", Status: 0 } && span.ParentId == call.Id);
        Assert.Equal("worker-1,worker-2", rendezvous.Attributes["cluster.workers"]);

        var generations = spans.Where(span => span.Name == "generation" && span.ParentId == rendezvous.Id).ToArray();
        Assert.Equal(["worker-1", "worker-2"], generations.Select(span => span.Attributes["cluster.worker"]).Order());
        Assert.Equal(["0", "1"], generations.Select(span => span.Attributes["cluster.rank"]).Order());
        Assert.All(generations, span => Assert.Equal("training-cluster-worker", span.Service));
        foreach (var generation in generations)
        {
            var below = spans.Where(span => span.ParentId == generation.Id).ToArray();
            Assert.Equal(["1", "100", "200"], Of(below, "step").Select(span => span.Attributes["cluster.step"]));
            Assert.Equal(["40", "80", "120", "160", "200", "240"], Of(below, "evaluation").Select(span => span.Attributes["cluster.step"]));
            Assert.Single(Of(below, "state recovery"));
            Assert.All(below, span => Assert.Equal(id, span.Attributes["cluster.job"]));
            Assert.All(below, span => Assert.True(generation.Start <= span.Start && span.Start <= span.End));
        }
        var first = Assert.Single(generations, span => span.Attributes["cluster.rank"] == "0");
        var stored = Of(spans.Where(span => span.ParentId == first.Id), "checkpoint");
        Assert.Contains(stored, span => span.Attributes["cluster.step"] == "120" && span.Attributes["cluster.checkpoint"].Length > 0);
        Assert.Single(spans, span => span.Name == "model" && span.ParentId == first.Id);
    }

    [Fact]
    public async Task Job_CollectorDoesNotAnswer_TrainsAllTheSameAndIsToldOnce()
    {
        using var workspace = new Workspace();
        await TrainAsync(
            workspace,
            [$"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{FreePort.Next()}", "OTEL_BSP_SCHEDULE_DELAY=200"],
            (log, name) => Assert.True(Lines(log).Count(line => Field(line, "event") == "LogFails") == 1, $"{name}: {log}")
        );
    }

    [Fact]
    public async Task Up_CollectorIsNoAddress_IsToldByName()
    {
        using var workspace = new Workspace();
        var result = await ClusterCommand.RunWithAsync(
            workspace,
            ["OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317"],
            ["up", .. ClusterCommand.AnyPorts]
        );
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT 'collector:4317' is no address", result.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<Span> Of(IEnumerable<Span> spans, string name) =>
        spans.Where(span => span.Name == name).OrderBy(span => span.Start);

    /// <summary>Trains on a cluster of its own, and looks at each program's log when all have ended.</summary>
    /// <returns>The job.</returns>
    private static async Task<string> TrainAsync(Workspace workspace, string[] environment, Action<string, string> look)
    {
        var data = workspace.At("cluster");
        var (up, addresses) = await ClusterCommand.UpWithAsync(
            workspace,
            // Both are in the first generation, however busy the machine is.
            ["CLUSTER_JOBS__ACKNOWLEDGETIMEOUT=1 min", .. environment],
            "--data",
            data,
            "--log-format",
            "json"
        );
        await using (up)
        {
            var submitted = await ClusterCommand.RunWithAsync(
                workspace,
                [$"TRACEPARENT=00-{Trace}-{Parent}-01"],
                "submit",
                workspace.WriteJob("traced.yaml", steps: 240, "checkpoint: { everySteps: 120 }"),
                "--wait",
                "--coordinator",
                addresses.GetProperty("coordinator").GetProperty("grpc").GetString()!
            );
            Assert.True(submitted.ExitCode == 0, submitted.All);
            up.Signal(ClusterCommand.SigTerm);
            Assert.Equal(0, (await up.EndAsync()).ExitCode);
            foreach (var name in new[] { "coordinator", "worker-1", "worker-2" })
            {
                look(await File.ReadAllTextAsync(Path.Combine(data, "logs", $"{name}.log"), TestContext.Current.CancellationToken), name);
            }
            return submitted.Output.Split(' ')[1];
        }
    }

    private static IEnumerable<JsonElement> Lines(string log) =>
        log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line));

    private static string Field(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
