using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Akka.Remote;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;

namespace TrainingCluster.Worker.Hosting;

/// <summary>
/// The worker's node in the cluster. A node that was removed, shut out, or whose coordinator was restarted cannot come back;
/// it is made anew, with a new actor system in a small host of its own. The trainer stands outside and trains on.
/// </summary>
/// <param name="options">Where it listens, and whom it joins.</param>
/// <param name="parts">What outlives an actor system.</param>
/// <param name="refusals">Counts what is not let in.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">The program's log.</param>
internal sealed partial class WorkerNode(
    NodeOptions options,
    WorkerParts parts,
    Refusals refusals,
    TimeProvider time,
    ILoggerFactory loggers
)
{
    private static readonly TimeSpan s_renewalTold = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger = loggers.CreateLogger<WorkerNode>();
    private readonly TaskCompletionSource<int> _firstPort = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IHost? _current;

    /// <summary>The port of the first actor system.</summary>
    public Task<int> Port => _firstPort.Task;

    /// <summary>Services of the actor system of the moment; null: there is none.</summary>
    internal IServiceProvider? Services => _current?.Services;

    /// <summary>Whether the actors live. While they are made anew they do not.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(CancellationToken cancellationToken) =>
        NodeHealth.CheckAsync(_current, cancellationToken);

    /// <summary>Keeps a node in the cluster until <paramref name="cancellationToken"/>; then leaves.</summary>
    public async Task RunAsync(WorkerActorSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await RunOnceAsync(settings, cancellationToken);
                await Task.Delay(settings.RejoinPause, time, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            // Nothing that waits for the port may wait for ever.
            _firstPort.TrySetException(e);
            throw;
        }
    }

    private async Task RunOnceAsync(WorkerActorSettings settings, CancellationToken cancellationToken)
    {
        var replaced = options.Identity?.Replaced ?? CancellationToken.None;
        using var host = Build(settings);
        await host.StartAsync(CancellationToken.None);
        _current = host;
        var system = host.Services.GetRequiredService<ActorSystem>();
        _firstPort.TrySetResult(Cluster.Get(system).SelfAddress.Port ?? 0);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(stopped.SetResult);
        await using var renewal = replaced.Register(() => _ = RenewAsync(host));
        await Task.WhenAny(system.WhenTerminated, stopped.Task);
        _current = null;
        parts.Outbox.Connect(ActorRefs.Nobody);
        // Takes leave of the cluster (CoordinatedShutdown); of one that this node was shut out of there is no leave to take.
        if (cancellationToken.IsCancellationRequested)
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    private IHost Build(WorkerActorSettings settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(loggers).AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.AddHealthChecks();
        builder.Services.AddAkka(
            ActorConfiguration.SystemName,
            akka =>
                akka.WithNode(options with { LogLevel = ProgramLogging.ActorLevel(loggers) }, refusals)
                    .WithHealthCheck("worker", new RootActorCheck<WorkerActor>(settings.Health))
                    .WithActors((system, registry) => StartActors(system, registry, settings))
        );
        return builder.Build();
    }

    private void StartActors(ActorSystem system, IActorRegistry registry, WorkerActorSettings settings)
    {
        var cluster = Cluster.Get(system);
        Func<bool> isMember = () => cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;
        Action<string> rejoin = reason => Rejoin(system, reason);
        system.ActorOf(Props.Create(() => new QuarantineWatch(rejoin)), "quarantine-watch");
        registry.Register<WorkerActor>(
            system.ActorOf(Props.Create(() => new WorkerActor(settings, parts, isMember, rejoin, time, _logger)), WorkerActor.Name)
        );
    }

    /// <summary>A node keeps the certificate of its start. The coordinator is told first: the end of this node is no death.</summary>
    private async Task RenewAsync(IHost host)
    {
        try
        {
            var worker = host.Services.GetRequiredService<ActorRegistry>().Get<WorkerActor>();
            await worker.Ask<RenewNode>(WorkerActor.NodeEnding.Instance, s_renewalTold);
        }
        catch (AskTimeoutException)
        {
            // It starts anew itself, and knows of nobody.
        }
        Rejoin(host.Services.GetRequiredService<ActorSystem>(), "its certificate was replaced");
    }

    private void Rejoin(ActorSystem system, string reason)
    {
        LogRejoin(reason);
        // Not by leaving: the cluster that it was in may be gone.
        _ = system.Terminate();
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "joins the cluster anew: {Reason}; training is not touched")]
    private partial void LogRejoin(string reason);

    /// <summary>Hears that the coordinator has shut this actor system out.</summary>
    private sealed class QuarantineWatch : ReceiveActor
    {
        public QuarantineWatch(Action<string> rejoin)
        {
            Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
            Receive<ThisActorSystemQuarantinedEvent>(_ => rejoin("the coordinator had taken this worker for dead"));
        }
    }
}
