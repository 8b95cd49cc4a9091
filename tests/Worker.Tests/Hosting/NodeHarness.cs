using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;
using TrainingCluster.Worker.Hosting;
using TrainingCluster.Worker.Tests.Actors;

namespace TrainingCluster.Worker.Tests.Hosting;

/// <summary>A worker's node with health over HTTP and gRPC, and a coordinator's node with an actor of the test's, in one process.</summary>
internal sealed class NodeHarness : IAsyncDisposable
{
    private readonly Refusals _refusals = new(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()), NullLoggerFactory.Instance);
    private readonly CancellationTokenSource _leave = new();
    private readonly IHost _coordinator;
    private readonly Func<int, bool> _rejoin;
    private WebApplication _app = null!;
    private Task _running = Task.CompletedTask;
    private int _nodes;

    private NodeHarness(Func<int, bool> rejoin)
    {
        _rejoin = rejoin;
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.AddAkka(
            ActorConfiguration.SystemName,
            akka => akka.WithNode(Options(ActorConfiguration.CoordinatorRole, null), _refusals)
        );
        _coordinator = builder.Build();
    }

    public FakeTrainer Trainer { get; } = new();
    public CoordinatorLink Link { get; } = new(TimeProvider.System);
    public WorkerNode Node { get; private set; } = null!;
    public string Grpc => _app.Urls.First();
    public string Http => _app.Urls.Last();

    /// <summary>The worker's actor systems, without keeping them.</summary>
    public ConcurrentBag<WeakReference<ActorSystem>> Systems { get; } = [];

    /// <summary>How many nodes of the worker have registered, one after another.</summary>
    public int Nodes => Volatile.Read(ref _nodes);

    /// <param name="rejoin">Whether the n-th node is told to join anew.</param>
    public static async Task<NodeHarness> StartAsync(Func<int, bool> rejoin)
    {
        var harness = new NodeHarness(rejoin);
        await harness._coordinator.StartAsync();
        var system = harness._coordinator.Services.GetRequiredService<ActorSystem>();
        var cluster = Cluster.Get(system);
        cluster.Join(cluster.SelfAddress);
        system.ActorOf(Props.Create(() => new Coordinator(harness)), "coordinator");
        var address = $"127.0.0.1:{cluster.SelfAddress.Port}";
        harness.Node = new WorkerNode(
            Options(ActorConfiguration.WorkerRole, address),
            new WorkerParts(harness.Trainer, new Outbox(), harness.Link),
            harness._refusals,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        harness._app = await ServeAsync(harness);
        harness._running = harness.Node.RunAsync(
            new WorkerActorSettings
            {
                WorkerId = "w",
                Incarnation = "i",
                CollectiveAddress = "http://w",
                HttpAddress = "http://w/http",
                Device = "cpu",
                Arithmetic = new Arithmetic { Fingerprint = "f" },
                CoordinatorPath = $"{ActorConfiguration.Address(address, tls: false)}/user/coordinator",
                TryInterval = TimeSpan.FromMilliseconds(50),
            },
            harness._leave.Token
        );
        return harness;
    }

    public static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!await happened())
        {
            await Task.Delay(50, timeout.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _running;
        await _app.DisposeAsync();
        await _coordinator.StopAsync();
        _coordinator.Dispose();
        _refusals.Dispose();
        _leave.Dispose();
    }

    private static NodeOptions Options(string role, string? seed) => new(ListenAddress.Parse("127.0.0.1", null), 0, role, seed);

    private static async Task<WebApplication> ServeAsync(NodeHarness harness)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WorkerHost.AddHealth(builder.Services, harness.Node, harness.Link);
        var app = builder.Build();
        app.MapProgramHealth();
        await app.StartAsync();
        return app;
    }

    private sealed class Coordinator : ReceiveActor
    {
        private readonly HashSet<Address> _nodes = [];

        public Coordinator(NodeHarness harness) =>
            Receive<RegisterWorker>(_ =>
            {
                if (
                    harness.Node.Services?.GetService<ActorSystem>() is { } system
                    && !harness.Systems.Any(known => known.TryGetTarget(out var target) && target == system)
                )
                {
                    harness.Systems.Add(new WeakReference<ActorSystem>(system));
                }
                _nodes.Add(Sender.Path.Address);
                Volatile.Write(ref harness._nodes, _nodes.Count);
                var rejoin = harness._rejoin(_nodes.Count);
                Sender.Tell(
                    new WorkerRegistered
                    {
                        CoordinatorIncarnation = "c",
                        GrpcAddress = "http://c",
                        Rejoin = rejoin,
                    }
                );
                // As the coordinator does with a node that is gone, but without the wait: newcomers are let in at once.
                if (rejoin)
                {
                    Cluster.Get(Context.System).Down(Sender.Path.Address);
                }
            });
    }
}
