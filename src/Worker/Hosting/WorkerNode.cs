using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Akka.Remote;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;
using TrainingCluster.Worker.Actors;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Hosting;

/// <summary>
/// The worker's node in the cluster. A node that was removed, shut out, or whose coordinator was restarted cannot come back;
/// it is made anew, with a new actor system. The trainer stands outside and trains on.
/// </summary>
internal sealed partial class WorkerNode(
    ListenAddress address, int clusterPort, string coordinator, ITrainer trainer, ReportBox box, CoordinatorLink link, Refusals refusals, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly ILogger logger = loggers.CreateLogger<WorkerNode>();
    private readonly TaskCompletionSource<int> firstPort = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The port of the first actor system.</summary>
    public Task<int> Port => firstPort.Task;

    /// <summary>Keeps a node in the cluster until <paramref name="stop"/>; then leaves.</summary>
    public async Task Run(WorkerActorSettings settings, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await RunOnce(settings, stop);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            // Whoever waits for the port must not wait for ever.
            firstPort.TrySetException(e);
            throw;
        }
    }

    private async Task RunOnce(WorkerActorSettings settings, CancellationToken stop)
    {
        using var system = ActorSystem.Create(ActorConfiguration.SystemName, ConfigurationFactory.ParseString(
            ActorConfiguration.Hocon(address.Bind, address.Advertised, clusterPort, ActorConfiguration.WorkerRole)));
        var cluster = Cluster.Get(system);
        firstPort.TrySetResult(cluster.SelfAddress.Port ?? 0);
        cluster.JoinSeedNodes([Address.Parse(ActorConfiguration.Address(coordinator))]);
        Func<bool> isMember = () => cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;
        Action<string> rejoin = reason =>
        {
            LogRejoin(reason);
            // Not by leaving: the cluster that it was in may be gone.
            _ = system.Terminate();
        };
        system.ActorOf(Props.Create(() => new QuarantineWatch(rejoin)), "quarantine-watch");
        system.ActorOf(Props.Create(() => new RefusedPeers(refusals)), "refused-peers");
        system.ActorOf(Props.Create(() => new WorkerActor(settings, trainer, box, link, isMember, rejoin, time, logger)), WorkerActor.Name);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        await Task.WhenAny(system.WhenTerminated, stopped.Task);
        box.Connect(ActorRefs.Nobody);
        if (!stop.IsCancellationRequested) return;
        var left = CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);
        await Task.WhenAny(left, Task.Delay(LeavePatience, time, CancellationToken.None));
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
