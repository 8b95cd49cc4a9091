using Akka.Actor;
using TrainingCluster.Hosting;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// "/user/worker": registers with the coordinator again and again, hands its commands to the trainer's actor and the trainer's
/// reports to it. It holds nothing that must outlive it: the trainer, the reports and the link stand outside.
/// </summary>
internal sealed partial class WorkerActor : ReceiveActor, IWithTimers
{
    /// <summary>Its name.</summary>
    public const string Name = "worker";

    private readonly WorkerActorSettings settings;
    private readonly ITrainer trainer;
    private readonly ReportBox box;
    private readonly CoordinatorLink link;
    private readonly Func<bool> isMember;
    private readonly Action<string> rejoin;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ActorSelection coordinator;
    private readonly IActorRef trainerActor;
    private string knownCoordinator = "";
    private DateTimeOffset lastAnswer;
    private DateTimeOffset lastRegistration = DateTimeOffset.MinValue;
    private bool registered;

    /// <param name="settings">What to tell the coordinator.</param>
    /// <param name="parts">What outlives this actor.</param>
    /// <param name="isMember">Whether this node is a member of the cluster by now.</param>
    /// <param name="rejoin">Asks for a new actor system, with the reason.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public WorkerActor(
        WorkerActorSettings settings, WorkerParts parts, Func<bool> isMember, Action<string> rejoin, TimeProvider time, ILogger logger)
    {
        (this.settings, this.isMember, this.rejoin, this.time, this.logger) = (settings, isMember, rejoin, time, logger);
        (trainer, box, link) = parts;
        coordinator = Context.ActorSelection(settings.CoordinatorPath);
        trainerActor = Context.ActorOf(Props.Create(() => new TrainerActor(trainer)), TrainerActor.Name);
        lastAnswer = time.GetUtcNow();

        Receive<Tick>(_ => OnTick());
        Receive<Outgoing>(o => coordinator.Tell(o.Message, Self));
        Receive<WorkerRegistered>(OnRegistered);
        Receive<ReportsReceived>(m => { if (m.Incarnation == settings.Incarnation) box.Acknowledge(m.Sequence); });
        Receive<PrepareGeneration>(OnPrepare);
        Receive<StartGeneration>(m => trainerActor.Tell(m));
        Receive<StopTraining>(m => trainerActor.Tell(m));
        Receive<DrainCompleted>(m => { if (m.Incarnation == settings.Incarnation) link.EndDrain(); });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        box.Connect(Self);
        Timers.StartPeriodicTimer("tick", Tick.Instance, TimeSpan.Zero, settings.TryInterval);
    }

    private void OnPrepare(PrepareGeneration message)
    {
        // From here, not from the trainer: it tells that this process lives, however busy its training thread is.
        coordinator.Tell(new GenerationAcknowledged { JobId = message.JobId, Generation = message.Generation, WorkerId = settings.WorkerId }, Self);
        trainerActor.Tell(message);
    }

    private void OnTick()
    {
        if (!isMember()) return;
        var now = time.GetUtcNow();
        if (lastAnswer + settings.SilenceLimit <= now)
        {
            lastAnswer = now;
            rejoin($"the coordinator has not answered for {settings.SilenceLimit.TotalSeconds:0} s");
            return;
        }
        if (link.Draining && registered) coordinator.Tell(new DrainWorker { WorkerId = settings.WorkerId, Incarnation = settings.Incarnation }, Self);
        if (registered && lastRegistration + settings.RegisterInterval > now) return;
        lastRegistration = now;
        coordinator.Tell(new RegisterWorker
        {
            WorkerId = settings.WorkerId,
            Incarnation = settings.Incarnation,
            CollectiveAddress = settings.CollectiveAddress,
            HttpAddress = settings.HttpAddress,
            Device = settings.Device,
            Version = BuildInfo.Version,
            Running = trainer.Running,
            FirstReport = box.FirstUnacknowledged,
            Coordinator = knownCoordinator,
            Arithmetic = settings.Arithmetic,
        }, Self);
        if (!registered) return;
        foreach (var report in box.Unacknowledged) coordinator.Tell(report, Self);
    }

    private void OnRegistered(WorkerRegistered answer)
    {
        lastAnswer = time.GetUtcNow();
        if (answer.Refused.Length > 0)
        {
            LogRefused(answer.Refused);
            return;
        }
        link.Heard(answer.GrpcAddress);
        if (answer.Rejoin)
        {
            rejoin("the coordinator was restarted");
            return;
        }
        if (!registered) LogRegistered(answer.GrpcAddress);
        (registered, knownCoordinator) = (true, answer.CoordinatorIncarnation);
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "registered with the coordinator; its files are at {GrpcAddress}")]
    private partial void LogRegistered(string grpcAddress);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "the coordinator refuses this worker: {Reason}")]
    private partial void LogRefused(string reason);

    private sealed record Tick
    {
        public static Tick Instance { get; } = new();
    }
}
