using System.Net;
using Akka.Actor;
using Akka.Hosting;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>The real actors, cluster and server in this process.</summary>
public sealed class CoordinatorNodeTests : IAsyncLifetime
{
    private static readonly string[] s_services = ["", "cluster.v1.Jobs", "cluster.v1.Datasets", "cluster.v1.Checkpoints"];
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private JobStore _store = null!;
    private WebApplication _app = null!;

    private string Http => _app.Urls.Last();

    private CoordinatorNode Node => _app.Services.GetRequiredService<CoordinatorNode>();

    public async ValueTask InitializeAsync()
    {
        var data = new DataFolder(_folder.Path);
        data.Prepare();
        _store = await JobStore.OpenAsync(data.Database, TimeProvider.System);
        var factory = Metrics.WithCustomRegistry(Metrics.NewCustomRegistry());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder
            .Services.AddSingleton(data)
            .AddSingleton(_store)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(new Quotas())
            .AddSingleton(new AccessControl(new(), TimeProvider.System, NullLogger<AccessControl>.Instance))
            .AddSingleton(new CoordinatorMetrics(factory, TimeProvider.System))
            .AddSingleton(new Refusals(factory, NullLoggerFactory.Instance))
            .AddSingleton<IJobControl, ActorJobControl>();
        builder.Services.AddCoordinatorGrpc();
        builder.Services.AddProgramHealth(s_services[1..]);
        builder.Services.AddCoordinatorNode(new NodeOptions(ListenAddress.Parse("127.0.0.1", null), 0, ActorConfiguration.CoordinatorRole));
        _app = builder.Build();
        _app.MapCoordinatorGrpc();
        _app.MapProgramHealth();
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Health_FollowsTheRootActorOverHttpAndGrpc()
    {
        using var channel = GrpcChannel.ForAddress(_app.Urls.First());
        var health = new Health.HealthClient(channel);
        Assert.Equal("ok\n", await _http.GetStringAsync($"{Http}/healthz"));
        Assert.Equal("ready\n", await _http.GetStringAsync($"{Http}/readyz"));
        foreach (var service in s_services)
        {
            Assert.Equal(ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        }

        (await Node.ActorAsync(TestContext.Current.CancellationToken)).Tell(PoisonPill.Instance);

        await ProgramProcess.Until(
            async () => (await _http.GetAsync($"{Http}/healthz")).StatusCode == HttpStatusCode.ServiceUnavailable,
            () => "still healthy"
        );
        var ready = await _http.GetAsync($"{Http}/readyz");
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "CoordinatorActor has ended\n"),
            (ready.StatusCode, await ready.Content.ReadAsStringAsync())
        );
        foreach (var service in s_services)
        {
            Assert.Equal(ServingStatus.NotServing, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        }
    }

    [Fact]
    public async Task ActorSystem_Ended_EndsTheProgram()
    {
        var stopping = new TaskCompletionSource();
        using var registration = _app.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        await Node.System!.Terminate();
        await stopping.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(HealthStatus.Unhealthy, (await _app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task RootActorCheck_ActorNotStartedYet_IsUnhealthy()
    {
        using var system = ActorSystem.Create("empty", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        var result = await new RootActorCheck<CoordinatorActor>(new HealthOptions()).CheckHealthAsync(new AkkaHealthCheckContext(system));
        Assert.Equal((HealthStatus.Unhealthy, "CoordinatorActor has not started yet"), (result.Status, result.Description));
    }
}
