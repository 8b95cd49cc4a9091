using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;

namespace TrainingCluster.Bench.Members;

/// <summary>
/// Workers without training: real worker actors with real outboxes, many of them in each of a few real nodes of the cluster. What they
/// and the coordinator say to each other is what they say when they train.
/// </summary>
/// <param name="coordinator">host:port of the coordinator's actors.</param>
/// <param name="plans">Is told of their commands.</param>
internal sealed class SimulatedMembers(string coordinator, PlanWatch plans) : IAsyncDisposable
{
    private readonly List<(IHost Host, ActorSystem System)> _nodes = [];
    private readonly ConcurrentDictionary<string, (IActorRef Actor, SimulatedTrainer Trainer)> _members = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ended = new();
    private Task _ticking = Task.CompletedTask;

    /// <summary>Those that train now.</summary>
    public int Training => _members.Values.Count(member => member.Trainer.Rank is not null);

    /// <summary>Reports and commands so far. Registrations and their answers come on top: one each in two seconds and member.</summary>
    public long Messages => plans.Messages;

    /// <summary>Starts nodes and members, and steps once a second, done by all at the same moment as in a real group.</summary>
    public async Task StartAsync(int members, int nodes, CancellationToken cancellationToken)
    {
        for (var node = 0; node < nodes; node++)
        {
            await StartNodeAsync(cancellationToken);
        }
        for (var number = 1; number <= members; number++)
        {
            Add(number);
        }
        _ticking = TickAsync();
    }

    /// <summary>Starts a member, in a process of its own as far as the coordinator can tell.</summary>
    public void Add(int number)
    {
        var id = Name(number);
        var incarnation = Guid.NewGuid().ToString("N");
        var outbox = new Outbox();
        var trainer = new SimulatedTrainer(id, incarnation, outbox, plans);
        var settings = new WorkerActorSettings
        {
            WorkerId = id,
            Incarnation = incarnation,
            // Nobody listens there, and nobody but peers would connect.
            CollectiveAddress = $"http://127.0.0.1:{20_000 + number}",
            HttpAddress = $"http://127.0.0.1:{30_000 + number}",
            Device = "cpu",
            // Of no machine.
            Arithmetic = new Arithmetic { Fingerprint = new string('0', 64), Description = "simulated" },
            CoordinatorPath = $"{ActorConfiguration.Address(coordinator, tls: false)}/user/coordinator",
        };
        var (_, system) = _nodes[number % _nodes.Count];
        var cluster = Cluster.Get(system);
        var parts = new WorkerParts(trainer, outbox, new CoordinatorLink(TimeProvider.System));
        Func<bool> isMember = () => cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;
        Action<string> rejoin = _ => { };
        // The name of one that was killed may be in use for a moment.
        var actor = system.ActorOf(
            Props.Create(() => new WorkerActor(settings, parts, isMember, rejoin, TimeProvider.System, NullLogger.Instance)),
            $"{id}-{incarnation}"
        );
        _members[id] = (actor, trainer);
    }

    /// <summary>Ends a member's actor at once; then all its peers report that their connections to it broke.</summary>
    public void Kill(int number)
    {
        var id = Name(number);
        _members.Remove(id, out var victim);
        victim.Actor.Tell(PoisonPill.Instance);
        foreach (var (_, trainer) in _members.Values)
        {
            trainer.Lose(id);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _ticking;
        await Task.WhenAll(_nodes.Select(node => node.System.Terminate()));
        foreach (var (host, _) in _nodes)
        {
            host.Dispose();
        }
        _ended.Dispose();
    }

    private static string Name(int number) => $"member-{number:0000}";

    private async Task StartNodeAsync(CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var refusals = new Refusals(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()), NullLoggerFactory.Instance);
        builder.Services.AddSingleton<Microsoft.Extensions.Logging.ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.AddAkka(
            ActorConfiguration.SystemName,
            akka =>
                akka.WithNode(
                    new NodeOptions(ListenAddress.Parse("127.0.0.1", null), 0, ActorConfiguration.WorkerRole, coordinator),
                    refusals
                )
        );
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        _nodes.Add((host, host.Services.GetRequiredService<ActorSystem>()));
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                foreach (var (_, trainer) in _members.Values)
                {
                    trainer.Tick();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
