using System.Diagnostics;
using System.Net;
using Akka.Actor;
using Akka.Hosting;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using TrainingCluster.Worker.Actors;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace TrainingCluster.Worker.Tests.Hosting;

public sealed class WorkerNodeTests
{
    private const int Rejoins = 50;

    [Fact]
    public async Task Rejoin_FiftyTimes_LeavesNoThreadsAndNoMemoryBehind()
    {
        await using var harness = await NodeHarness.StartAsync(node => node <= Rejoins);
        await NodeHarness.UntilAsync(() => Task.FromResult(harness.Nodes >= 5));
        var threads = Threads();

        await NodeHarness.UntilAsync(() => Task.FromResult(harness.Nodes > Rejoins));

        // A node may register before the test can see its system.
        Assert.True(harness.Systems.Count >= Rejoins / 2);
        // Threads and caches of a system end some seconds after it.
        await NodeHarness.UntilAsync(() => Task.FromResult(Threads() <= threads + Rejoins / 5));
        await NodeHarness.UntilAsync(() =>
        {
            GC.Collect();
            return Task.FromResult(harness.Systems.Count(system => system.TryGetTarget(out _)) <= 3);
        });
    }

    [Fact]
    public async Task Health_OfTheWorker_FollowsItsActorOverHttpAndGrpc()
    {
        await using var harness = await NodeHarness.StartAsync(_ => false);
        using var channel = GrpcChannel.ForAddress(harness.Grpc);
        var health = new Health.HealthClient(channel);
        using var http = new HttpClient();
        await NodeHarness.UntilAsync(async () => (await http.GetAsync($"{harness.Http}/readyz")).IsSuccessStatusCode);
        Assert.Equal("ok\n", await http.GetStringAsync($"{harness.Http}/healthz"));
        foreach (var service in new[] { "", "cluster.v1.Collective" })
        {
            Assert.Equal(ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        }

        harness.Node.Services!.GetRequiredService<IActorRegistry>().Get<WorkerActor>().Tell(PoisonPill.Instance);

        await NodeHarness.UntilAsync(async () =>
            (await http.GetAsync($"{harness.Http}/healthz")).StatusCode == HttpStatusCode.ServiceUnavailable
        );
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync($"{harness.Http}/readyz")).StatusCode);
        Assert.Contains(
            "WorkerActor has ended",
            await (await http.GetAsync($"{harness.Http}/healthz")).Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
        foreach (var service in new[] { "", "cluster.v1.Collective" })
        {
            Assert.Equal(ServingStatus.NotServing, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        }
    }

    private static int Threads()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }
}
