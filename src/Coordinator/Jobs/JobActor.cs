using System.Collections.Immutable;
using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Curves;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Jobs;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>
/// One job's actor: it applies <see cref="JobMachine"/> and nothing else. A change of the job's record is durable before a
/// message that follows from it is sent; until then whatever else comes in waits.
/// </summary>
internal sealed partial class JobActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    private readonly string _jobId;
    private readonly JobActorContext _context;
    private readonly StoredJob? _submitted;
    private ILogger _logger;
    private JobSpans? _spans;
    private bool _isNotStored;
    private JobMachineOptions _options = new();
    private JobMachineState _state = null!;
    private DateTimeOffset _progressStored;
    private long _progressStep = -1;
    private DateTimeOffset _steppedAt;
    private JobMachineState? _told;
    private bool _callIsAsBefore;
    private CurveRecorder _curve;
    private ImmutableSortedDictionary<long, LedgerEntry> _ledgerStored = ImmutableSortedDictionary<long, LedgerEntry>.Empty;

    /// <param name="jobId">The job.</param>
    /// <param name="context">What every job's actor works with.</param>
    /// <param name="submitted">The job as it was just stored; null: the store knows more of it.</param>
    public JobActor(string jobId, JobActorContext context, StoredJob? submitted)
    {
        (this._jobId, this._context, this._submitted) = (jobId, context, submitted);
        _logger = context.Loggers.CreateLogger<JobActor>();
        _curve = new(new JobCurve { JobId = jobId });
        Loading();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private DateTimeOffset Now => _context.Time.GetUtcNow();

    protected override void PreStart()
    {
        if (_submitted is { } job)
        {
            OnLoaded(new(job, [], new JobCurve { JobId = _jobId }, null, []));
        }
        else
        {
            LoadAsync().PipeTo(Self);
        }
    }

    // Made anew after a fault: what was submitted is long out of date.
    protected override void PostRestart(Exception reason) => LoadAsync().PipeTo(Self);

    protected override void PostStop()
    {
        _context.Metrics.RemoveJob(_jobId);
        _spans?.Leave();
    }

    // 1. What the store and the disk say.
    private async Task<Loaded> LoadAsync()
    {
        var job = await _context.Store.GetAsync(_jobId);
        var (newest, damaged) = await _context.Checkpoints.NewestWholeAsync(_jobId, CancellationToken.None);
        return new(job, await _context.Store.LedgerAsync(_jobId), await _context.Store.CurveAsync(_jobId), newest, damaged);
    }

    private void Loading()
    {
        Receive<Loaded>(OnLoaded);
        Receive<Status.Failure>(failure => throw new InvalidOperationException($"Job {_jobId} could not be loaded.", failure.Cause));
        ReceiveAny(_ => Stash.Stash());
    }

    private void OnLoaded(Loaded loaded)
    {
        if (loaded.Job is not { } job)
        {
            Context.Stop(Self);
            return;
        }
        _steppedAt = Now;
        var origin = _context.Settings.Machine.Origin.Clone();
        var trace = TraceParent.Read(job.TraceParent) ?? TraceParent.New();
        (origin.Namespace, origin.Owner, origin.TraceParent) = (job.Namespace, job.Owner, TraceParent.Write(trace));
        _logger = ScopedLogger.OfJob(_logger, _jobId, trace.TraceId.ToString());
        _spans = new(_jobId, trace, job.Created);
        _options = _context.Settings.Machine with { Origin = origin };
        _state = JobMachine.Restore(_jobId, job.Spec, job.Record, Progress.FromProto(job.Progress), _steppedAt);
        _curve = new(loaded.Curve);
        _ledgerStored = loaded.Ledger.ToImmutableSortedDictionary(e => e.Generation, e => e);
        _state = _state with { Ledger = _ledgerStored };
        if (loaded.Newest is { } newest)
        {
            _state = _state with
            {
                CheckpointId = newest.CheckpointId,
                CheckpointStep = newest.Step,
                CheckpointGeneration = newest.Generation,
            };
        }
        Become(Ready);
        Stash.UnstashAll();
        Context.Parent.Tell(new PoolRequested(_jobId));
        var events = loaded
            .Damaged.Select(d => new JobEvent { Fault = Faults.CheckpointDamaged(_state, d.CheckpointId, d.Error, []) })
            .ToArray();
        if (events.Length > 0)
        {
            Save(events, [.. events.Select(e => new PublishEvent(e))], () => { });
        }
        else
        {
            Settle();
        }
    }

    private void Ready()
    {
        Receive<PoolChanged>(pool => Apply(pool, () => { }));
        Receive<WorkerReport>(report =>
        {
            var coordinator = Context.Parent;
            Apply(
                new WorkerReported(report),
                () =>
                {
                    if (report.Sequence > 0)
                    {
                        coordinator.Tell(new ReportStored(report.Header.WorkerId, report.Header.Incarnation, report.Sequence));
                    }
                }
            );
            _context.Metrics.Observe(_jobId, report);
            if (report.Step is { } step)
            {
                _context.Pulses.Observe(_jobId, report.Header.WorkerId, step);
                _curve.Add(step, Now);
                KeepCurve();
            }
        });
        Receive<CurveKept>(kept =>
        {
            if (kept.Problem.Length > 0)
            {
                LogCurveNotStored(_jobId, kept.Problem);
            }
        });
        Receive<JobCommand>(command =>
        {
            var asker = Sender;
            Apply(command.Input, () => asker.Tell(CommandDone.Instance));
        });
        Receive<CheckpointsMoved>(_ =>
        {
            var newest = _context.Checkpoints.Newest(_jobId);
            Apply(new CheckpointsChanged(newest?.CheckpointId ?? "", newest?.Step ?? 0, newest?.Generation ?? 0), () => { });
        });
        Receive<Wake>(_ => Apply(new TimePassed(), () => { }));
    }

    // 2. One transition; what must be durable is stored before anything is sent.
    private void Apply(JobInput input, Action done)
    {
        _steppedAt = Now;
        var (next, effects) = JobMachine.Step(_state, input, _steppedAt, _options);
        var before = _state.Record;
        _callIsAsBefore = Differences.LeavesTheCall(input, _state, next);
        _state = next;
        var events = effects.OfType<PublishEvent>().Select(e => e.Event).ToList();
        if (_state.Progress.Step > _progressStep && (events.Count > 0 || _progressStored + _context.Settings.ProgressInterval <= Now))
        {
            events.Insert(0, new JobEvent { Progress = ToProto() });
        }
        if (events.Count > 0 || _state.Record != before)
        {
            Save(events, effects, done);
        }
        else
        {
            Finish(effects, done);
        }
    }

    private void Save(IReadOnlyList<JobEvent> events, ImmutableArray<JobEffect> effects, Action done)
    {
        BecomeStacked(() => Saving(events, effects, done));
        Store(events);
    }

    private void Store(IReadOnlyList<JobEvent> events)
    {
        (_progressStored, _progressStep) = (Now, _state.Progress.Step);
        var ledger = _state
            .Ledger.Values.Where(e => !_ledgerStored.TryGetValue(e.Generation, out var stored) || !ReferenceEquals(stored, e))
            .ToList();
        _context.Store.SaveAsync(_jobId, _state.Record, ToProto(), events, ledger).PipeTo(Self, success: () => Saved.Instance);
    }

    private void Saving(IReadOnlyList<JobEvent> events, ImmutableArray<JobEffect> effects, Action done)
    {
        Receive<Saved>(_ =>
        {
            if (_isNotStored)
            {
                LogStoredAgain(_jobId);
            }
            (_isNotStored, _ledgerStored) = (false, _state.Ledger);
            UnbecomeStacked();
            Stash.UnstashAll();
            Finish(effects, done);
        });
        Receive<Status.Failure>(failure =>
        {
            // The workers train on meanwhile; only changes of the group have to wait.
            if (!_isNotStored)
            {
                Log(Faults.RecordNotStored(_state, failure.Cause.Message, _context.Settings.StoreRetry));
            }
            _isNotStored = true;
            Timers.StartSingleTimer("store", StoreAgain.Instance, _context.Settings.StoreRetry);
        });
        Receive<StoreAgain>(_ => Store(events));
        ReceiveAny(_ => Stash.Stash());
    }

    // 3. The effects, in order.
    private void Finish(ImmutableArray<JobEffect> effects, Action done)
    {
        _spans!.Follow(_state, effects, Now);
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SendToWorker send:
                    if (send.Message is OpenRendezvous call)
                    {
                        call.TraceParent = TraceParent.Write(_spans.Generation);
                    }
                    Context.Parent.Tell(new ToWorker(send.WorkerId, send.Message));
                    break;
                case PublishEvent { Event.Fault: { } fault }:
                    Log(fault);
                    break;
                case PublishEvent { Event.Log: { Severity: LogSeverity.Warning or LogSeverity.Error } line }:
                    LogTold(_jobId, line.Source, line.Text);
                    break;
                case RejectCheckpoint reject:
                    _context.Checkpoints.Reject(_jobId, reject.CheckpointId, reject.Why);
                    Self.Tell(new CheckpointsMoved(_jobId));
                    break;
                case CountGeneration count:
                    _context.Metrics.CountGeneration(count.Cause);
                    LogGeneration(_jobId, _state.Generation, _state.Reason);
                    break;
                case MeasureRecovery recovery:
                    _context.Metrics.ObserveRecovery(recovery);
                    break;
                case MeasureQueueWait wait:
                    _context.Metrics.ObserveQueueWait(wait.Waited);
                    break;
                case CountPreemption:
                    _context.Metrics.CountPreemption();
                    break;
                case CountDiscarded steps:
                    _context.Metrics.CountDiscarded(steps.Steps);
                    break;
                case CountStale stale:
                    _context.Metrics.CountStale(stale.MessageName);
                    break;
            }
        }
        Settle();
        done();
    }

    // 4. The next moment at which something is due, and what others want to know.
    private void Settle()
    {
        _context.Metrics.SetJob(_jobId, _state);
        if (_callIsAsBefore)
        {
            return;
        }
        // As seen by the transition: what has fallen due since then, while it was stored, would never come.
        if (DueTimes.Next(_state, _steppedAt, _options) is { } due)
        {
            Timers.StartSingleTimer("wake", Wake.Instance, due > Now ? due - Now : TimeSpan.FromMilliseconds(1));
        }
        else
        {
            Timers.Cancel("wake");
        }
        KeepCurve();
        TellStatus();
    }

    private void TellStatus()
    {
        // Most messages are reports of steps, and change nothing of what is told.
        if (_told is { } told && Differences.SaysTheSame(told, _state))
        {
            return;
        }
        _told = _state;
        var status = Differences.StatusOf(_jobId, _state);
        if (status != _status)
        {
            _status = status;
            Context.Parent.Tell(status);
        }
    }

    private void KeepCurve()
    {
        if (_curve.TakeDue(Now, isLast: _state.Phase.HasEnded()) is { } curve)
        {
            _context.Store.SaveCurveAsync(curve).PipeTo(Self, success: () => new CurveKept(""), failure: e => new CurveKept(e.Message));
        }
    }

    private JobStatus? _status;

    private JobProgress ToProto()
    {
        var progress = _state.Progress.ToProto(_state.Plan?.Generation ?? _state.Generation, _state.Current.Members.Count);
        progress.CheckpointStep = _state.CheckpointStep;
        return progress;
    }

    /// <summary>One line a fault, with each of its parts as a value.</summary>
    private void Log(Fault fault)
    {
        using var parts = _logger.BeginScope(new LogScope(fault.Values()));
        var line = fault.Line();
        LogFault(fault.Kind == FaultKind.JobFailed ? LogLevel.Error : LogLevel.Warning, _jobId, line);
    }

    [LoggerMessage(EventId = 210, Message = "{Job}, {Line}")]
    private partial void LogFault(LogLevel level, string job, string line);

    [LoggerMessage(EventId = 214, Level = LogLevel.Warning, Message = "{Job}: {Source}: {Text}")]
    private partial void LogTold(string job, string source, string text);

    [LoggerMessage(EventId = 213, Level = LogLevel.Information, Message = "{Job}: its record is stored again")]
    private partial void LogStoredAgain(string job);

    [LoggerMessage(EventId = 211, Level = LogLevel.Information, Message = "{Job}: generation {Generation}: {Reason}")]
    private partial void LogGeneration(string job, long generation, string reason);

    private sealed record Loaded(
        StoredJob? Job,
        IReadOnlyList<LedgerEntry> Ledger,
        JobCurve Curve,
        CheckpointInfo? Newest,
        IReadOnlyList<CheckpointInfo> Damaged
    );

    [LoggerMessage(EventId = 212, Level = LogLevel.Warning, Message = "{Job}: its curve could not be stored: {Problem}")]
    private partial void LogCurveNotStored(string job, string problem);

    private sealed record CurveKept(string Problem);

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
