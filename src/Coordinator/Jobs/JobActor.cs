using System.Collections.Immutable;
using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>
/// One job's actor: it applies <see cref="JobMachine"/> and nothing else. A change of the job's record is durable before a
/// message that follows from it is sent; until then whatever else comes in waits.
/// </summary>
internal sealed partial class JobActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    private static readonly TimeSpan RetryStore = TimeSpan.FromSeconds(1);

    private readonly string jobId;
    private readonly JobActorContext context;
    private readonly ILogger logger;
    private JobMachineState state = null!;
    private DateTimeOffset progressStored;
    private long progressStep = -1;
    private DateTimeOffset steppedAt;
    private ImmutableSortedDictionary<long, LedgerEntry> ledgerStored = ImmutableSortedDictionary<long, LedgerEntry>.Empty;

    public JobActor(string jobId, JobActorContext context)
    {
        (this.jobId, this.context) = (jobId, context);
        logger = context.Loggers.CreateLogger<JobActor>();
        Loading();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private DateTimeOffset Now => context.Time.GetUtcNow();

    protected override void PreStart() => Load().PipeTo(Self);

    protected override void PostStop() => context.Metrics.RemoveJob(jobId);

    // 1. What the store and the disk say.
    private async Task<Loaded> Load()
    {
        var job = await context.Store.Get(jobId);
        var (newest, damaged) = await context.Checkpoints.NewestWhole(jobId, CancellationToken.None);
        return new(job, await context.Store.Ledger(jobId), newest, damaged);
    }

    private void Loading()
    {
        Receive<Loaded>(loaded =>
        {
            if (loaded.Job is not { } job)
            {
                Context.Stop(Self);
                return;
            }
            steppedAt = Now;
            state = JobMachine.Restore(jobId, job.Spec, job.Record, Progress.FromProto(job.Progress), steppedAt);
            ledgerStored = loaded.Ledger.ToImmutableSortedDictionary(e => e.Generation, e => e);
            state = state with { Ledger = ledgerStored };
            if (loaded.Newest is { } newest)
                state = state with { CheckpointId = newest.CheckpointId, CheckpointStep = newest.Step, CheckpointGeneration = newest.Generation };
            Become(Ready);
            Stash.UnstashAll();
            Context.Parent.Tell(new PoolAsked(jobId));
            var events = loaded.Damaged.Select(d => new JobEvent
            {
                Log = new LogLine { Level = "warning", Source = "coordinator", Text = $"checkpoint {d.CheckpointId} is damaged and passed over: {d.Error}" },
            }).ToArray();
            if (events.Length > 0) Save(events, [], () => { });
            else Settle();
        });
        Receive<Status.Failure>(failure => throw new InvalidOperationException($"Job {jobId} could not be loaded.", failure.Cause));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Ready()
    {
        Receive<PoolChanged>(pool => Apply(pool, () => { }));
        Receive<WorkerMessage>(m =>
        {
            var coordinator = Context.Parent;
            Apply(new WorkerSaid(m.WorkerId, m.Message), () =>
            {
                if (m.Sequence > 0) coordinator.Tell(new ReportStored(m.WorkerId, m.Incarnation, m.Sequence));
            });
            context.Metrics.Observe(jobId, m.Message);
        });
        Receive<JobCommand>(command =>
        {
            var asker = Sender;
            Apply(command.Input, () => asker.Tell(CommandDone.Instance));
        });
        Receive<CheckpointsMoved>(_ =>
        {
            var newest = context.Checkpoints.Newest(jobId);
            Apply(new CheckpointsChanged(newest?.CheckpointId ?? "", newest?.Step ?? 0, newest?.Generation ?? 0), () => { });
        });
        Receive<Wake>(_ => Apply(new TimePassed(), () => { }));
    }

    // 2. One transition; what must be durable is stored before anything is sent.
    private void Apply(JobInput input, Action done)
    {
        steppedAt = Now;
        var (next, effects) = JobMachine.Step(state, input, steppedAt, context.Settings.Machine);
        var before = state.Record;
        state = next;
        var events = effects.OfType<PublishEvent>().Select(e => e.Event).ToList();
        if (state.Progress.Step > progressStep && (events.Count > 0 || progressStored + context.Settings.ProgressInterval <= Now))
        {
            events.Insert(0, new JobEvent { Progress = ToProto() });
        }
        if (events.Count > 0 || state.Record != before) Save(events, effects, done);
        else Finish(effects, done);
    }

    private void Save(IReadOnlyList<JobEvent> events, ImmutableArray<JobEffect> effects, Action done)
    {
        BecomeStacked(() => Saving(events, effects, done));
        Store(events);
    }

    private void Store(IReadOnlyList<JobEvent> events)
    {
        (progressStored, progressStep) = (Now, state.Progress.Step);
        var ledger = state.Ledger.Values.Where(e => !ledgerStored.TryGetValue(e.Generation, out var stored) || !ReferenceEquals(stored, e)).ToList();
        context.Store.Save(jobId, state.Record, ToProto(), events, ledger).PipeTo(Self, success: () => Saved.Instance);
    }

    private void Saving(IReadOnlyList<JobEvent> events, ImmutableArray<JobEffect> effects, Action done)
    {
        Receive<Saved>(_ =>
        {
            ledgerStored = state.Ledger;
            UnbecomeStacked();
            Stash.UnstashAll();
            Finish(effects, done);
        });
        Receive<Status.Failure>(failure =>
        {
            // The workers train on meanwhile; only changes of the group have to wait.
            LogNotStored(jobId, failure.Cause.Message);
            Timers.StartSingleTimer("store", StoreAgain.Instance, RetryStore);
        });
        Receive<StoreAgain>(_ => Store(events));
        ReceiveAny(_ => Stash.Stash());
    }

    // 3. The effects, in order.
    private void Finish(ImmutableArray<JobEffect> effects, Action done)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SendToWorker send: Context.Parent.Tell(new ToWorker(send.WorkerId, send.Message)); break;
                case CountGeneration count: context.Metrics.CountGeneration(count.Cause); LogGeneration(jobId, state.Generation, state.Reason); break;
                case MeasureRecovery recovery: context.Metrics.ObserveRecovery(recovery); break;
                case CountDiscarded steps: context.Metrics.CountDiscarded(steps.Steps); break;
                case CountStale stale: context.Metrics.CountStale(stale.MessageName); break;
            }
        }
        Settle();
        done();
    }

    // 4. The next moment at which something is due, and what others want to know.
    private void Settle()
    {
        // As seen by the transition: what has fallen due since then, while it was stored, would never come.
        if (JobMachine.NextWake(state, steppedAt, context.Settings.Machine) is { } due)
            Timers.StartSingleTimer("wake", Wake.Instance, due > Now ? due - Now : TimeSpan.FromMilliseconds(1));
        else Timers.Cancel("wake");
        context.Metrics.SetJob(jobId, state);
        var status = new JobStatus(jobId, state.Phase, state.Started is not null, [.. JobMachine.Held(state)], JobMachine.Bound(state));
        if (status.Phase == told?.Phase && status.Started == told.Started && status.Members.SetEquals(told.Members)
            && Equals(status.Arithmetic, told.Arithmetic)) return;
        told = status;
        Context.Parent.Tell(status);
    }

    private JobStatus? told;

    private JobProgress ToProto() => state.Progress.ToProto(state.Plan?.Generation ?? state.Generation, state.Seats.Count);

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "{JobId}: its record could not be stored, trying again: {Problem}")]
    private partial void LogNotStored(string jobId, string problem);

    [LoggerMessage(EventId = 211, Level = LogLevel.Information, Message = "{JobId}: generation {Generation}: {Reason}")]
    private partial void LogGeneration(string jobId, long generation, string reason);

    private sealed record Loaded(StoredJob? Job, IReadOnlyList<LedgerEntry> Ledger, CheckpointInfo? Newest, IReadOnlyList<CheckpointInfo> Damaged);

    private sealed record Saved
    {
        public static Saved Instance { get; } = new();
    }

    private sealed record StoreAgain
    {
        public static StoreAgain Instance { get; } = new();
    }

    private sealed record Wake
    {
        public static Wake Instance { get; } = new();
    }
}
