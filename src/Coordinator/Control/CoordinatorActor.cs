using System.Collections.Immutable;
using Akka.Actor;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>
/// "/user/coordinator": the registry of workers and the queue of jobs. It decides who is alive and who works for whom; what a
/// job does with its workers is its own actor's matter.
/// </summary>
internal sealed partial class CoordinatorActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    /// <summary>Its name: workers find it by it.</summary>
    public const string Name = "coordinator";

    private readonly CoordinatorSettings _settings;
    private readonly JobActorContext _jobContext;
    private readonly IMembership _membership;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly WorkerLiveness _liveness;
    private readonly SortedDictionary<string, WorkerEntry> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JobEntry> _jobs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _replaced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _missing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _adopting = new(StringComparer.Ordinal);
    private long _reclaims;
    private bool _assignsSoon;
    private bool _hasStepsToTell;

    public CoordinatorActor(CoordinatorSettings settings, JobActorContext jobContext, IMembership membership)
    {
        (this._settings, this._jobContext, this._membership) = (settings, jobContext, membership);
        _logger = jobContext.Loggers.CreateLogger<CoordinatorActor>();
        _time = jobContext.Time;
        _started = _time.GetUtcNow();
        _liveness = new WorkerLiveness(settings);
        Loading();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    protected override void PreStart()
    {
        _jobContext.Store.NotEndedAsync().PipeTo(Self, success: jobs => new JobsLoaded(jobs));
        _membership.Subscribe(Self);
        Timers.StartPeriodicTimer("tick", Tick.Instance, _settings.TickInterval);
    }

    // A job's actor that fails is made anew and finds its job in the store, as after a restart of the coordinator.
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    private void Loading()
    {
        Receive<JobsLoaded>(loaded =>
        {
            foreach (var job in loaded.Jobs)
            {
                Add(job, submitted: false);
            }
            Become(Ready);
            Stash.UnstashAll();
        });
        Receive<Status.Failure>(failure => throw new InvalidOperationException("The job store could not be read.", failure.Cause));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Ready()
    {
        Receive<RegisterWorker>(OnRegister);
        Receive<DrainWorker>(OnDrain);
        Receive<RenewNode>(OnRenew);
        Receive<WorkerReport>(OnReport);
        Receive<ReportStored>(OnStored);
        Receive<MemberLost>(lost => OnLost(w => w.Actor.Path.Address.Equals(lost.Address), lost.Reason));
        Receive<MemberReachability>(OnReachability);
        Receive<Terminated>(dead => OnLost(w => w.Actor.Equals(dead.ActorRef), "its actor ended"));
        Receive<Tick>(_ => OnTick());
        Receive<AssignDue>(_ =>
        {
            if (_assignsSoon)
            {
                Assign();
            }
        });
        Receive<AdoptionFailed>(failed =>
        {
            LogNotAdopted(failed.JobId, failed.Problem);
            _adopting.Remove(failed.JobId);
        });
        Receive<JobAdded>(added =>
        {
            _adopting.Remove(added.Job.Id);
            Add(added.Job, submitted: true);
            Assign();
        });
        Receive<JobEdited>(OnEdited);
        Receive<JobCommand>(OnCommand);
        Receive<CheckpointsMoved>(moved => Forward(moved.JobId, moved));
        Receive<JobStatus>(OnStatus);
        Receive<PoolRequested>(asked =>
        {
            if (_jobs.TryGetValue(asked.JobId, out var job))
            {
                job.Actor.Tell(job.Pool);
            }
        });
        Receive<ToWorker>(OnToWorker);
        Receive<StatusRequested>(_ => Sender.Tell(Status()));
        Receive<QueueRequested>(asked =>
            Sender.Tell(QueueView.Of(asked.Namespace, [.. _jobs.Values], [.. _workers.Values], _settings.Queue))
        );
        Receive<Status.Failure>(failure =>
            throw new InvalidOperationException("Asynchronous work of the coordinator failed.", failure.Cause)
        );
    }

    private void Add(Store.StoredJob job, bool submitted)
    {
        if (_jobs.ContainsKey(job.Id))
        {
            return;
        }
        var fresh = submitted ? job : null;
        var actor = Context.ActorOf(Props.Create(() => new JobActor(job.Id, _jobContext, fresh)), job.Id);
        _jobs[job.Id] = new(job, actor)
        {
            Phase = job.Record.Phase,
            Started = job.Record.Started is not null,
            Arithmetic = job.Record.Arithmetic,
            Queued = job.Record.Queued ?? job.Created,
            Preempted = job.Record.PreemptedFor.Length > 0,
        };
    }

    private void OnToWorker(ToWorker told)
    {
        if (!_workers.TryGetValue(told.WorkerId, out var worker))
        {
            return;
        }
        // A job that has lost the worker to another one may not have heard of it yet.
        var jobId = told.Message switch
        {
            OpenRendezvous call => call.JobId,
            StartGeneration plan => plan.JobId,
            _ => worker.JobId,
        };
        if (jobId == worker.JobId)
        {
            worker.Actor.Tell(told.Message);
        }
    }

    private void Forward(string jobId, object message)
    {
        if (_jobs.TryGetValue(jobId, out var job))
        {
            job.Actor.Tell(message);
        }
    }

    private void OnCommand(JobCommand command)
    {
        if (_jobs.TryGetValue(command.JobId, out var job))
        {
            job.Actor.Forward(command);
        }
        else
        {
            Sender.Tell(CommandDone.Instance);
        }
    }

    private void OnEdited(JobEdited edited)
    {
        if (_jobs.TryGetValue(edited.Job.Id, out var job))
        {
            job.Spec = edited.Job.Spec;
            job.Actor.Forward(new JobCommand(job.Id, new SpecEdited(job.Spec)));
            Assign();
        }
        else
        {
            Sender.Tell(CommandDone.Instance);
        }
    }

    private void OnStatus(JobStatus status)
    {
        if (!_jobs.TryGetValue(status.JobId, out var job))
        {
            return;
        }
        job.Note(status);
        foreach (var worker in _workers.Values.Where(w => w.Reclaim > 0 && status.Released.Contains(w.Reclaim)))
        {
            worker.Release();
        }
        if (status.Phase.HasEnded())
        {
            // Its last commands were sent before this message: nothing of it is left to do.
            Context.Stop(job.Actor);
            _jobs.Remove(status.JobId);
        }
        EndDrains();
        Assign();
    }

    private void OnTick()
    {
        var now = _time.GetUtcNow();
        OnSilence();
        foreach (var gone in _workers.Values.Where(w => !w.Reachable && w.LastSeen + _settings.ForgetAfter <= now).ToArray())
        {
            _workers.Remove(gone.Id);
        }
        foreach (var (id, _) in _missing.Where(worker => worker.Value + _settings.MissedFor <= now).ToArray())
        {
            _missing.Remove(id);
        }
        var alive = _workers
            .Values.Where(w => _liveness.IsCutOff || w.LastSeen + _settings.AccusedTimeout > now)
            .Select(w => w.Actor.Path.Address);
        _membership.DownUnreachable(_settings.DownAfter, alive.ToHashSet());
        if (_hasStepsToTell || _jobs.Values.Any(j => j.Phase == JobPhase.Waiting))
        {
            // Who has waited for too long may preempt.
            Assign();
        }
        else
        {
            CountWorkers();
        }
    }

    /// <summary>
    /// After the messages that are here already: many workers that register at once, as all do when the coordinator is back, are shared out
    /// once, not once each.
    /// </summary>
    private void AssignSoon()
    {
        if (!_assignsSoon)
        {
            _assignsSoon = true;
            Self.Tell(AssignDue.Instance);
        }
    }

    /// <summary>Shares the living workers out anew and tells each job whose workers, or what is said of them, have changed.</summary>
    private void Assign()
    {
        (_assignsSoon, _hasStepsToTell) = (false, false);
        var decided = JobScheduler.Decide(
            new(
                _time.GetUtcNow(),
                [.. _jobs.Values.Where(j => j.Phase.WantsWorkers()).Select(j => j.ToDemand())],
                [.. _workers.Values.Where(w => w.Reachable).Select(ToSupply)],
                _settings.Queue
            )
        );
        var given = decided
            .SelectMany(d => d.Value.Workers.Select(id => (Id: id, JobId: d.Key)))
            .ToDictionary(g => g.Id, g => g.JobId, StringComparer.Ordinal);
        foreach (var worker in _workers.Values)
        {
            worker.Give(given.GetValueOrDefault(worker.Id, ""));
        }
        foreach (var job in _jobs.Values)
        {
            Apply(job, decided.GetValueOrDefault(job.Id));
        }
        CountWorkers();
    }

    private void Apply(JobEntry job, Assignment? assignment)
    {
        job.Assignment = assignment;
        foreach (var (id, forWhom) in assignment?.AskedBack ?? ImmutableSortedDictionary<string, string>.Empty)
        {
            if (_workers[id] is { Reclaim: 0 } worker)
            {
                worker.AskBack(++_reclaims, forWhom);
                _jobContext.Metrics.CountReclaimed();
            }
        }
        job.YieldsTo = assignment?.YieldsTo ?? "";
        var pool = new PoolChanged([.. (assignment?.Workers ?? []).Select(id => _workers[id].ToPool(job.Id))], assignment?.LeftAside ?? "")
        {
            // That a job may start is no news to it: it gets workers.
            Lost = _workers
                .Values.Where(w => w.Lost?.JobId == job.Id)
                .ToImmutableSortedDictionary(w => w.Id, w => w.Lost!.Value.Why, StringComparer.Ordinal),
            Queue = assignment is null or { Verdict: QueueVerdict.Starts } ? QueueWord.None : new(assignment.Reason, assignment.YieldsTo),
        };
        if (job.Pool.Workers.SequenceEqual(pool.Workers) && job.Pool.LeftAside == pool.LeftAside && job.Pool.Queue == pool.Queue)
        {
            return;
        }
        job.Pool = pool;
        job.Actor.Tell(pool);
    }

    private WorkerSupply ToSupply(WorkerEntry worker)
    {
        var running = worker.Registration.Running;
        return new(worker.Id, Holder(worker), worker.Draining, worker.Registration.Arithmetic, worker.Registered)
        {
            StateOf = running is { HasState: true } ? running.JobId : "",
            GoesTo = worker.GoesTo,
        };
    }

    /// <summary>
    /// The job that has a worker: the one it was given to, else (after a restart of ours) the one that it trains, or whose generation may
    /// call it. A job that waits must stand in line, also for workers that hold its state.
    /// </summary>
    private string Holder(WorkerEntry worker)
    {
        if (_jobs.TryGetValue(worker.JobId, out var job) && job.Phase.WantsWorkers())
        {
            return job.Id;
        }
        return
            worker.Registration.Running is { } running
            && running.JobId != worker.GivenBackBy
            && _jobs.TryGetValue(running.JobId, out job)
            && job.Phase.WantsWorkers()
            && (job.Phase != JobPhase.Waiting || running.Training)
            ? job.Id
            : "";
    }

    private void CountWorkers()
    {
        _jobContext.Metrics.SetWorkers(_workers.Values.Select(StateOf));
        _jobContext.Metrics.SetMissing(_missing.Keys);
    }

    private WorkerState StateOf(WorkerEntry worker) =>
        worker switch
        {
            { Reachable: false } => WorkerState.Unreachable,
            { Draining: true } => WorkerState.Draining,
            _ => _jobs.Values.Any(j => j.Members.Contains(worker.Id)) ? WorkerState.Training : WorkerState.Idle,
        };

    private ClusterStatus Status() =>
        new()
        {
            Version = TrainingCluster.Hosting.BuildInfo.Version,
            Incarnation = _settings.Incarnation,
            StartTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(_started),
            Workers =
            {
                _workers.Values.Select(w => new WorkerStatus
                {
                    Id = w.Id,
                    State = StateOf(w),
                    Device = w.Registration.Device,
                    CollectiveAddress = w.Registration.CollectiveAddress,
                    HttpAddress = w.Registration.HttpAddress,
                    JobId = w.JobId,
                    Version = w.Registration.Version,
                    Arithmetic = w.Registration.Arithmetic,
                }),
            },
        };

    private sealed record AssignDue
    {
        public static AssignDue Instance { get; } = new();
    }

    private sealed record Tick
    {
        public static Tick Instance { get; } = new();
    }
}
