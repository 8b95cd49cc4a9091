using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>The real actors over a real store, in one local actor system; workers are probes.</summary>
internal sealed class ActorHarness : IAsyncDisposable, IMembership
{
    private readonly TemporaryFolder _folder = new();
    private readonly DataFolder _data;
    private IActorRef? _actor;

    private ActorHarness()
    {
        _data = new DataFolder(_folder.Path);
        _data.Prepare();
        Files = new CheckpointLibrary(_data, new());
    }

    public ActorSystem System => Kit.Sys;
    public TestKit Kit { get; } = new(ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF }"), "test");
    public CheckpointLibrary Files { get; }
    public JobStore Store { get; private set; } = null!;
    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();
    public CoordinatorMetrics CoordinatorMetrics { get; private set; } = null!;
    public IActorRef Actor => _actor!;

    /// <summary>How long an accused worker may be silent.</summary>
    private TimeSpan Accused { get; init; }

    public static async Task<ActorHarness> StartAsync(TimeSpan? accused = null)
    {
        var harness = new ActorHarness { Accused = accused ?? TimeSpan.FromSeconds(3) };
        harness.Store = await JobStore.OpenAsync(harness._data.Database, TimeProvider.System);
        harness.CoordinatorMetrics = new CoordinatorMetrics(Metrics.WithCustomRegistry(harness.Registry), TimeProvider.System);
        harness.Begin("one");
        return harness;
    }

    private void Begin(string incarnation)
    {
        var settings = new CoordinatorSettings
        {
            Incarnation = incarnation,
            GrpcAddress = "http://coordinator",
            ProgressInterval = TimeSpan.Zero,
            AccusedTimeout = Accused,
            // Probes register once, and answer when the test gets to it: on a slow machine that takes its time.
            RegistrationTimeout = TimeSpan.FromMinutes(10),
            Machine = new JobMachineOptions
            {
                JoinDebounce = TimeSpan.FromMilliseconds(50),
                RecoverDebounce = TimeSpan.FromMilliseconds(50),
                AcknowledgeTimeout = TimeSpan.FromMinutes(2),
                PrepareTimeout = TimeSpan.FromMinutes(2),
                RecoverTimeout = TimeSpan.FromMinutes(2),
            },
        };
        var context = new JobActorContext(
            settings,
            Store,
            Files,
            CoordinatorMetrics,
            new(TimeProvider.System),
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        _actor = System.ActorOf(Props.Create(() => new CoordinatorActor(settings, context, this)), $"coordinator-{incarnation}");
    }

    /// <summary>The coordinator's actors end and are made anew from the store, as after a restart of the process.</summary>
    public async Task RestartAsync()
    {
        var probe = Kit.CreateTestProbe();
        await probe.WatchAsync(Actor);
        Actor.Tell(PoisonPill.Instance);
        await probe.ExpectTerminatedAsync(Actor, ProbeWorker.Timeout);
        Begin("two");
    }

    public async Task<string> SubmitAsync(Action<JobSpec>? change = null, string id = "job-1")
    {
        var spec = new JobSpec();
        change?.Invoke(spec);
        var start = JobMachine.Create(id, JobSpecDefaults.Fill(spec), TimeProvider.System.GetUtcNow());
        var (_, job) = await Store.CreateAsync(new(0, id, "", start.Spec, TimeProvider.System.GetUtcNow(), start.Record, new()), spec);
        Actor.Tell(new JobAdded(job));
        return id;
    }

    public ProbeWorker Worker(string id, string incarnation = "i", string arithmetic = "f0") => new(this, id, incarnation, arithmetic);

    /// <summary>Two workers, a and b, train job-1.</summary>
    public async Task<(ProbeWorker A, ProbeWorker B, StartGeneration Plan)> TwoTrainAsync(Action<JobSpec>? change = null)
    {
        var (a, b) = (Worker("a"), Worker("b"));
        a.Register();
        b.Register();
        await a.NextAsync<WorkerRegistered>();
        await b.NextAsync<WorkerRegistered>();
        await SubmitAsync(change);
        await a.PrepareAsync();
        await b.PrepareAsync();
        var plan = await a.StartAsync();
        Assert.Equal(plan, await b.StartAsync());
        await UntilAsync("job-1", j => j.Record.Phase == JobPhase.Running);
        return (a, b, plan);
    }

    /// <summary>The states of the workers, in the order of their names.</summary>
    public async Task<string[]> StatesAsync() =>
        [.. (await Actor.Ask<ClusterStatus>(StatusRequested.Instance, TimeSpan.FromSeconds(30))).Workers.Select(w => w.State.Word())];

    /// <summary>Waits, event by event, until the job's record holds what is wanted.</summary>
    public async Task<StoredJob> UntilAsync(string jobId, Func<StoredJob, bool> wanted)
    {
        using var signal = Store.Watch(jobId);
        while (true)
        {
            if ((await Store.GetAsync(jobId))! is var job && wanted(job))
            {
                return job;
            }
            await signal.WaitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(2));
        }
    }

    /// <summary>Those that the coordinator's actor would not let be removed, at its last look.</summary>
    public IReadOnlySet<Address> Alive { get; private set; } = new HashSet<Address>();

    void IMembership.Subscribe(IActorRef subscriber) { }

    void IMembership.DownUnreachable(TimeSpan after, IReadOnlySet<Address> alive) => Alive = alive;

    public async ValueTask DisposeAsync()
    {
        await Kit.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A worker's actor that does nothing by itself: the test reads what it gets and says what it says.</summary>
internal sealed class ProbeWorker
{
    /// <summary>On a slow machine anything takes its time.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly TestProbe _probe;
    private readonly ActorHarness _harness;
    private readonly string _incarnation;
    private readonly string _arithmetic;
    private long _sequence;

    public ProbeWorker(ActorHarness harness, string id, string incarnation, string arithmetic)
    {
        (this._harness, Id, this._incarnation, this._arithmetic) = (harness, id, incarnation, arithmetic);
        _probe = harness.Kit.CreateTestProbe();
    }

    public string Id { get; }
    public IActorRef Actor => _probe.Ref;

    public void Register(RunningJob? running = null) =>
        Tell(
            new RegisterWorker
            {
                WorkerId = Id,
                Incarnation = _incarnation,
                CollectiveAddress = $"http://{Id}",
                Device = "cpu",
                Arithmetic = new Arithmetic { Fingerprint = _arithmetic, Description = $"cpu of {_arithmetic}" },
                Running = running,
                FirstReport = _sequence + 1,
            }
        );

    public void Tell(IMessage message) => _harness.Actor.Tell(message, Actor);

    /// <summary>The next message of a type; others are passed over.</summary>
    public async Task<T> NextAsync<T>()
        where T : IMessage => await _probe.FishForMessageAsync<T>(_ => true, Timeout);

    public void Report(string job, long generation, Action<WorkerReport> fill) => Report(job, generation, fill, ++_sequence);

    public void Report(string job, long generation, Action<WorkerReport> fill, long number)
    {
        var report = new WorkerReport
        {
            Header = new()
            {
                JobId = job,
                Generation = generation,
                WorkerId = Id,
                Incarnation = _incarnation,
            },
            Sequence = number,
        };
        fill(report);
        Tell(report);
    }

    /// <summary>Answers the next call to a generation.</summary>
    public async Task<OpenRendezvous> PrepareAsync(bool hasState = false, long step = 0)
    {
        var call = await NextAsync<OpenRendezvous>();
        Report(call.JobId, call.Generation, r => r.Acknowledged = new(), 0);
        Report(call.JobId, call.Generation, r => r.Joined = new() { HasState = hasState, CompletedStep = step });
        return call;
    }

    public async Task<StartGeneration> StartAsync()
    {
        var plan = await NextAsync<StartGeneration>();
        Report(plan.JobId, plan.Generation, r => r.Started = new());
        return plan;
    }

    public void Step(StartGeneration plan, long step) =>
        Report(
            plan.JobId,
            plan.Generation,
            r =>
                r.Step = new()
                {
                    Step = step,
                    TotalSteps = 10,
                    TargetTokens = 10,
                    SourceTokens = 12,
                    LossSum = 20,
                    StepMs = 100,
                    ComputeMs = 80,
                    ShardCount = 4,
                },
            0
        );

    public void Complete(StartGeneration plan, bool stored) =>
        Report(
            plan.JobId,
            plan.Generation,
            r =>
                r.Completed = new()
                {
                    Step = 10,
                    WeightsSha256 = "sha",
                    ModelStored = stored,
                }
        );
}
