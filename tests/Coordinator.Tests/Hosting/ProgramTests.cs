using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Grpc.Health.V1;
using Grpc.Net.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>Both programs as processes.</summary>
public class ProgramTests
{
    [Fact]
    public async Task Programs_CoordinatorAndTwoWorkers_FindEachOtherServeAndEndCleanly()
    {
        using var folder = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", Path.Combine(folder.Path, "c"));
        await using var first = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w1"),
            "--coordinator",
            coordinator.Ready.Cluster,
            "--name",
            "first",
            "--set",
            "Worker:DrainTimeout=7 s"
        );
        await using var second = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w2"),
            "--coordinator",
            coordinator.Ready.Cluster,
            "--name",
            "second"
        );
        using var channel = GrpcChannel.ForAddress(coordinator.Ready.Grpc);
        var jobs = new V1.Jobs.JobsClient(channel);
        using var http = new HttpClient();

        var status = new ClusterStatus();
        await ProgramProcess.UntilAsync(
            () => (status = jobs.GetCluster(new())).Workers.Count(w => w.State == WorkerState.Idle) == 2,
            () => $"{status} {coordinator.Output} {first.Output} {second.Output}"
        );
        Assert.Equal(["first", "second"], status.Workers.Select(w => w.Id));
        Assert.Equal(first.Ready.Grpc, status.Workers[0].CollectiveAddress);

        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        foreach (var program in new[] { coordinator, first, second })
        {
            Assert.Equal("ok\n", await http.GetStringAsync($"{program.Ready.Http}/healthz"));
            // A worker is ready once the coordinator's answer has reached it, which is after the coordinator has listed it.
            var ready = "";
            await ProgramProcess.Until(
                async () => (ready = await TextAsync(http, $"{program.Ready.Http}/readyz")) == "200 ready\n",
                () => ready + program.Output
            );
            Assert.Contains(
                "training_cluster_build_info",
                await http.GetStringAsync($"{program.Ready.Http}/metrics"),
                StringComparison.Ordinal
            );
        }
        Assert.Contains("second", await http.GetStringAsync(coordinator.Ready.Http), StringComparison.Ordinal);

        Assert.Equal(0, await first.TerminateAsync());
        Assert.Contains("7 s at most", first.Output, StringComparison.Ordinal);
        await ProgramProcess.UntilAsync(
            () => jobs.GetCluster(new()).Workers.Single(w => w.Id == "first").State == WorkerState.Unreachable,
            () => coordinator.Output
        );
        Assert.Equal(0, await coordinator.TerminateAsync());
        Assert.Equal(0, await second.TerminateAsync());
    }

    [Fact]
    public async Task Worker_KilledWhileIdle_IsLostAtOnce()
    {
        using var folder = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", Path.Combine(folder.Path, "c"));
        await using var worker = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w"),
            "--coordinator",
            coordinator.Ready.Cluster,
            "--name",
            "w"
        );
        await ProgramProcess.UntilAsync(
            () => worker.Output.Contains("registered with the coordinator", StringComparison.Ordinal),
            () => worker.Output
        );

        await worker.DisposeAsync();

        // Not for its silence: that takes seconds. A refused port does not, nor does the end of a connection that was never complete.
        await ProgramProcess.UntilAsync(
            () => coordinator.Output.Contains("w (127.0.0.1) is lost: ", StringComparison.Ordinal),
            () => coordinator.Output
        );
        Assert.Contains(
            new[] { "its process is gone", "its actor ended" },
            reason => coordinator.Output.Contains($"w (127.0.0.1) is lost: {reason}", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Worker_CoordinatorKilled_KeepsItsNodeAndRegistersWithTheNextOne()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "c");
        await using var first = await ProgramProcess.StartAsync("Coordinator", data);
        var clusterPort = first.Ready.Cluster.Split(':')[^1];
        await using var worker = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w"),
            "--coordinator",
            first.Ready.Cluster,
            "--name",
            "w"
        );
        await ProgramProcess.UntilAsync(
            () => worker.Output.Contains("registered with the coordinator", StringComparison.Ordinal),
            () => worker.Output
        );
        using var http = new HttpClient();

        await first.DisposeAsync();
        var ready = "";
        await ProgramProcess.Until(
            async () => (ready = await TextAsync(http, $"{worker.Ready.Http}/readyz")).StartsWith("503", StringComparison.Ordinal),
            () => ready
        );
        Assert.Equal("503 the coordinator does not answer\n", ready);
        Assert.Equal("200 ok\n", await TextAsync(http, $"{worker.Ready.Http}/healthz"));
        Assert.DoesNotContain("joins the cluster anew", worker.Output, StringComparison.Ordinal);

        File.Delete(Path.Combine(data, "ready.json"));
        await using var second = await ProgramProcess.StartAsync("Coordinator", data, "--cluster-port", clusterPort);
        await ProgramProcess.Until(
            async () => (ready = await TextAsync(http, $"{worker.Ready.Http}/readyz")) == "200 ready\n",
            () => ready + worker.Output
        );
        Assert.Equal(0, await worker.TerminateAsync());
    }

    [Fact]
    public async Task Metrics_OfBothPrograms_AreDocumentedOnesAndPassPromtool()
    {
        using var folder = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", Path.Combine(folder.Path, "c"));
        await using var worker = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w"),
            "--coordinator",
            coordinator.Ready.Cluster
        );
        using var http = new HttpClient();
        var texts = new List<string>();
        foreach (var (name, program) in new[] { ("Coordinator", coordinator), ("Worker", worker) })
        {
            texts.Add(await http.GetStringAsync($"{program.Ready.Http}/metrics"));
            Assert.Empty(DocumentedMetrics.Exposed(texts[^1]).Except(DocumentedMetrics.Of(name)));
            foreach (
                var metric in (string[])
                    [
                        "process_cpu_seconds_total",
                        "process_resident_memory_bytes",
                        "process_start_time_seconds",
                        "process_threads",
                        "process_open_fds",
                        "dotnet_gc_heap_bytes",
                    ]
            )
            {
                Assert.Matches($@"(?m)^{metric}(\{{.*\}})? [0-9.]*[1-9]", texts[^1]);
            }
        }

        Tool.Require("promtool", "Debian's package prometheus");
        foreach (var text in texts)
        {
            var said = await Tool.RunAsync("promtool", ["check", "metrics"], text);
            Assert.Equal((0, ""), (said.ExitCode, said.All));
        }
    }

    [Theory]
    [InlineData("--grpc-port")]
    [InlineData("--http-port")]
    [InlineData("--cluster-port")]
    public async Task Coordinator_PortInUse_EndsWithTwoAndNamesPortAndFlag(string flag)
    {
        using var folder = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        string[] others =
        [
            .. new[] { "--grpc-port", "--http-port", "--cluster-port" }.Where(f => f != flag).SelectMany(f => new[] { f, "0" }),
        ];

        await using var program = ProgramProcess.Run("Coordinator", ["--data", folder.Path, flag, $"{port}", .. others]);

        Assert.Equal(2, await program.ExitAsync());
        Assert.Equal(
            $"coordinator: port {port} on 127.0.0.1 is in use: end what listens there, or choose another with {flag} (0: any)",
            program.Output.Trim()
        );
    }

    [Fact]
    public async Task Worker_PortInUse_EndsWithTwoAndNamesPortAndFlag()
    {
        using var folder = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var program = ProgramProcess.Run(
            "Worker",
            "--data",
            folder.Path,
            "--coordinator",
            "127.0.0.1:1",
            "--http-port",
            $"{port}"
        );
        Assert.Equal(2, await program.ExitAsync());
        Assert.Contains($"port {port} on 127.0.0.1 is in use", program.Output, StringComparison.Ordinal);
        Assert.Contains("--http-port", program.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Coordinator", "Membership:DownAfter=0 s", "coordinator: Membership:DownAfter '0 s' is out of range; use 100 ms to 10 min")]
    [InlineData("Coordinator", "Jobs:Bakoff=1 s", "coordinator: Jobs:Bakoff is no setting; Jobs has AcknowledgeTimeout, ")]
    [InlineData("Coordinator", "Logging:Format=xml", "coordinator: Logging:Format 'xml' is unknown; use text or json")]
    [InlineData("Worker", "Logging:Levels=loud", "worker: Logging:Levels 'loud' has the unknown level 'loud'; use trace, debug,")]
    [InlineData("Worker", "Collective:Timeout=20", "worker: Collective:Timeout '20' is no time; write a number and a unit")]
    public async Task Programs_SettingThatCannotBe_EndWithTwoAndNameSettingValueAndRange(string program, string set, string expected)
    {
        using var folder = new TemporaryFolder();
        string[] address =
            program == "Worker" ? ["--coordinator", "127.0.0.1:1"] : ["--grpc-port", "0", "--http-port", "0", "--cluster-port", "0"];
        await using var process = ProgramProcess.Run(program, ["--data", folder.Path, "--set", set, .. address]);
        Assert.Equal(2, await process.ExitAsync());
        Assert.Contains(expected, process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Coordinator", "--data", "/dev/null/x")]
    [InlineData("Coordinator", "--grpc-port", "70000", "--data", "/tmp")]
    [InlineData("Coordinator", "--nonsense")]
    [InlineData("Coordinator", "--data", "")]
    [InlineData("Coordinator", "--log-format", "xml", "--data", "/tmp")]
    [InlineData("Coordinator", "--log-level", "loud", "--data", "/tmp")]
    [InlineData("Worker", "--data", "/dev/null/x", "--coordinator", "127.0.0.1:1")]
    [InlineData("Worker", "--data", "/tmp", "--coordinator", "nowhere")]
    public async Task Programs_BadOptions_EndWithTwoAndNameTheOption(string program, params string[] arguments)
    {
        await using var process = ProgramProcess.Run(program, arguments);
        Assert.Equal(2, await process.ExitAsync());
        Assert.Contains(
            program == "Worker" && arguments[1] == "/tmp" ? "--coordinator" : arguments[0],
            process.Output,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_LogsAsJson_AreObjectsALineAlsoOfTheActors()
    {
        using var folder = new TemporaryFolder();
        string[] logging = ["--log-format", "json", "--log-level", "Akka=debug"];
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", Path.Combine(folder.Path, "c"), logging);
        await using var worker = await ProgramProcess.StartAsync(
            "Worker",
            Path.Combine(folder.Path, "w"),
            [.. logging, "--coordinator", coordinator.Ready.Cluster, "--name", "first"]
        );
        await ProgramProcess.UntilAsync(() => coordinator.Output.Contains("LogNew", StringComparison.Ordinal), () => coordinator.Output);
        Assert.Equal(0, await worker.TerminateAsync());
        Assert.Equal(0, await coordinator.TerminateAsync());
        foreach (var output in new[] { coordinator.Output, worker.Output })
        {
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToArray();
            Assert.All(lines, line => Assert.EndsWith("Z", line.GetProperty("timestamp").GetString(), StringComparison.Ordinal));
            Assert.Contains(
                lines,
                line =>
                    line.GetProperty("category").GetString()!.StartsWith("Akka.", StringComparison.Ordinal)
                    && line.GetProperty("level").GetString() is "debug" or "information"
                    && line.TryGetProperty("actor", out _)
            );
        }
        var registered = coordinator.Output.Split('\n').First(line => line.Contains("\"LogNew\"", StringComparison.Ordinal));
        Assert.Equal("first", JsonElement.Parse(registered).GetProperty("worker").GetString());
    }

    [Fact]
    public async Task Coordinator_ParentGone_Ends()
    {
        using var folder = new TemporaryFolder();
        using var parent = Process.Start("true")!;
        await parent.WaitForExitAsync();
        await using var program = ProgramProcess.Run(
            "Coordinator",
            "--data",
            folder.Path,
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            "--cluster-port",
            "0",
            "--parent-pid",
            $"{parent.Id}"
        );
        Assert.Equal(0, await program.ExitAsync());
    }

    private static async Task<string> TextAsync(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(address);
        return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
    }
}
