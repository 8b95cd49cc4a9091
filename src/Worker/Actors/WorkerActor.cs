using Akka.Actor;
using TrainingCluster.Hosting;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// "/user/worker": registers with the coordinator again and again, hands its commands to the trainer, in order, and the trainer's
/// reports to it. It holds nothing that must outlive it: the trainer, the reports and the link stand outside.
/// </summary>
internal sealed partial class WorkerActor : ReceiveActor, IWithTimers
{
    /// <summary>Its name.</summary>
    public const string Name = "worker";

    private readonly WorkerActorSettings _settings;
    private readonly ITrainer _trainer;
    private readonly Outbox _outbox;
    private readonly CoordinatorLink _link;
    private readonly Func<bool> _isMember;
    private readonly Action<string> _rejoin;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ActorSelection _coordinator;
    private string _knownCoordinator = "";
    private DateTimeOffset _lastAnswer;
    private DateTimeOffset _lastRegistration = DateTimeOffset.MinValue;
    private bool _registered;

    /// <param name="settings">What to tell the coordinator.</param>
    /// <param name="parts">What outlives this actor.</param>
    /// <param name="isMember">Whether this node is a member of the cluster by now.</param>
    /// <param name="rejoin">Asks for a new actor system, with the reason.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public WorkerActor(
        WorkerActorSettings settings,
        WorkerParts parts,
        Func<bool> isMember,
        Action<string> rejoin,
        TimeProvider time,
        ILogger logger
    )
    {
        (this._settings, this._isMember, this._rejoin, this._time, this._logger) = (settings, isMember, rejoin, time, logger);
        (_trainer, _outbox, _link) = parts;
        _coordinator = Context.ActorSelection(settings.CoordinatorPath);
        _lastAnswer = time.GetUtcNow();

        Receive<Tick>(_ => OnTick());
        // Whoever asks gets the coordinator's answer.
        Receive<NodeEnding>(_ =>
            _coordinator.Tell(new RenewNode { WorkerId = settings.WorkerId, Incarnation = settings.Incarnation }, Sender)
        );
        Receive<WorkerReport>(report => _coordinator.Tell(report, Self));
        Receive<WorkerRegistered>(OnRegistered);
        Receive<ReportsReceived>(m =>
        {
            if (m.Incarnation == settings.Incarnation)
            {
                _outbox.Acknowledge(m.Sequence);
            }
        });
        Receive<OpenRendezvous>(OnPrepare);
        Receive<StartGeneration>(_trainer.Start);
        Receive<StopTraining>(_trainer.Stop);
        Receive<DrainCompleted>(m =>
        {
            if (m.Incarnation == settings.Incarnation)
            {
                _link.EndDrain();
            }
        });
    }

    /// <summary>Asks it to tell the coordinator that its node is about to be made anew.</summary>
    public sealed record NodeEnding
    {
        private NodeEnding() { }

        /// <summary>The only one.</summary>
        public static NodeEnding Instance { get; } = new();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _outbox.Connect(Self);
        Timers.StartPeriodicTimer("tick", Tick.Instance, TimeSpan.Zero, _settings.TryInterval);
    }

    private void OnPrepare(OpenRendezvous message)
    {
        // From here, not from the trainer: it tells that this process lives, however busy its training thread is.
        _coordinator.Tell(
            new WorkerReport
            {
                Header = new JobHeader
                {
                    JobId = message.JobId,
                    Generation = message.Generation,
                    WorkerId = _settings.WorkerId,
                    Incarnation = _settings.Incarnation,
                },
                Acknowledged = new RendezvousAcknowledged(),
            },
            Self
        );
        _trainer.Prepare(message);
    }

    private void OnTick()
    {
        var now = _time.GetUtcNow();
        // Also one that never became a member: something of it may be stuck, and a new one costs little.
        if (_lastAnswer + _settings.SilenceLimit <= now)
        {
            _lastAnswer = now;
            _rejoin($"the coordinator has not answered for {_settings.SilenceLimit.TotalSeconds:0} s");
            return;
        }
        if (!_isMember())
        {
            return;
        }
        if (_link.Draining && _registered)
        {
            _coordinator.Tell(new DrainWorker { WorkerId = _settings.WorkerId, Incarnation = _settings.Incarnation }, Self);
        }
        if (_registered && _lastRegistration + _settings.RegisterInterval > now)
        {
            return;
        }
        _lastRegistration = now;
        _coordinator.Tell(
            new RegisterWorker
            {
                WorkerId = _settings.WorkerId,
                Incarnation = _settings.Incarnation,
                CollectiveAddress = _settings.CollectiveAddress,
                HttpAddress = _settings.HttpAddress,
                Device = _settings.Device,
                Version = BuildInfo.Version,
                Running = _trainer.Running,
                FirstReport = _outbox.FirstUnacknowledged,
                Coordinator = _knownCoordinator,
                Arithmetic = _settings.Arithmetic,
            },
            Self
        );
        if (!_registered)
        {
            return;
        }
        foreach (var report in _outbox.Unacknowledged)
        {
            _coordinator.Tell(report, Self);
        }
    }

    private void OnRegistered(WorkerRegistered answer)
    {
        _lastAnswer = _time.GetUtcNow();
        if (answer.Refused.Length > 0)
        {
            LogRefused(answer.Refused);
            return;
        }
        _link.Heard(answer.GrpcAddress);
        if (answer.Rejoin)
        {
            _rejoin("the coordinator was restarted");
            return;
        }
        if (!_registered)
        {
            LogRegistered(answer.GrpcAddress);
        }
        (_registered, _knownCoordinator) = (true, answer.CoordinatorIncarnation);
    }

    [LoggerMessage(
        EventId = 300,
        Level = LogLevel.Information,
        Message = "registered with the coordinator; its files are at {GrpcAddress}"
    )]
    private partial void LogRegistered(string grpcAddress);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "the coordinator refuses this worker: {Reason}")]
    private partial void LogRefused(string reason);

    private sealed record Tick
    {
        public static Tick Instance { get; } = new();
    }
}
