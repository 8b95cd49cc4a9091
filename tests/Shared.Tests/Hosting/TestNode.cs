using System.Text;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using TrainingCluster.Hosting;
using TrainingCluster.Security;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Tests.Hosting;

/// <summary>A node with the programs' own settings, and an actor "ear" that keeps what it hears and answers nothing.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(2);
    private readonly IHost _host;
    private readonly Refusals _refusals;
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly Channel<object> _heard = Channel.CreateUnbounded<object>();

    private TestNode(string? seed, ClusterIdentity? identity = null)
    {
        var address = ListenAddress.Parse("127.0.0.1", null) with { Tls = identity is not null };
        _refusals = new Refusals(Metrics.WithCustomRegistry(_registry), NullLoggerFactory.Instance);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.AddAkka(
            ActorConfiguration.SystemName,
            akka =>
                akka.WithNode(new NodeOptions(address, 0, ActorConfiguration.WorkerRole, seed) { Identity = identity }, _refusals)
                    .WithActors((system, _) => Ear = system.ActorOf(Props.Create(() => new Listener(_heard.Writer)), "ear"))
        );
        _host = builder.Build();
    }

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();
    public Cluster Cluster => Cluster.Get(System);
    public string HostPort => $"127.0.0.1:{Cluster.SelfAddress.Port}";
    public IActorRef Ear { get; private set; } = ActorRefs.Nobody;

    /// <summary>Starts a node and waits until it is up: the first of a cluster, or one that joins another.</summary>
    public static async Task<TestNode> StartAsync(TestNode? seed = null, ClusterIdentity? identity = null)
    {
        var node = new TestNode(seed?.HostPort, identity);
        await node._host.StartAsync();
        var up = new TaskCompletionSource();
        node.Cluster.RegisterOnMemberUp(up.SetResult);
        if (seed is null)
        {
            node.Cluster.Join(node.Cluster.SelfAddress);
        }
        await up.Task.WaitAsync(s_timeout);
        return node;
    }

    /// <summary>Starts a node with an identity that goes on trying to join what listens there.</summary>
    public static async Task<TestNode> StartJoiningAsync(string seed, ClusterIdentity identity)
    {
        var node = new TestNode(seed, identity);
        await node._host.StartAsync();
        return node;
    }

    /// <summary>Ends it in order, as the programs do.</summary>
    public Task StopAsync() => _host.StopAsync();

    public ActorSelection Remote(TestNode other) => System.ActorSelection($"{other.Cluster.SelfAddress}/user/ear");

    public async Task<T> HearAsync<T>()
    {
        using var limit = new CancellationTokenSource(s_timeout);
        while (true)
        {
            if (await _heard.Reader.ReadAsync(limit.Token) is T message)
            {
                return message;
            }
        }
    }

    /// <summary>Waits until something was refused at the actors' port for this reason.</summary>
    public async Task RefusedAsync(string reason)
    {
        using var limit = new CancellationTokenSource(s_timeout);
        while (
            !(await ExposedAsync()).Contains(
                $"training_cluster_refused_total{{kind=\"peer\",reason=\"{reason}\"}} 1",
                StringComparison.Ordinal
            )
        )
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public async Task<string> ExposedAsync()
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        _host.Dispose();
        _refusals.Dispose();
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(ChannelWriter<object> heard)
        {
            Receive<IActorRef>(actor => Context.Watch(actor));
            ReceiveAny(message => heard.TryWrite(message));
        }
    }
}
