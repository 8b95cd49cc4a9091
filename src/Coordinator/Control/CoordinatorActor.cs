using System.Collections.Immutable;
using Akka.Actor;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
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
    private readonly SortedDictionary<string, WorkerEntry> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JobEntry> _jobs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _replaced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _missing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _adopting = new(StringComparer.Ordinal);

    public CoordinatorActor(CoordinatorSettings settings, JobActorContext jobContext, IMembership membership)
    {
        (this._settings, this._jobContext, this._membership) = (settings, jobContext, membership);
        _logger = jobContext.Loggers.CreateLogger<CoordinatorActor>();
        _time = jobContext.Time;
        _started = _time.GetUtcNow();
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
        Receive<ToWorker>(m =>
        {
            if (_workers.TryGetValue(m.WorkerId, out var worker))
            {
                worker.Actor.Tell(m.Message);
            }
        });
        Receive<StatusRequested>(_ => Sender.Tell(Status()));
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
        };
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

    private void OnStatus(JobStatus status)
    {
        if (!_jobs.TryGetValue(status.JobId, out var job))
        {
            return;
        }
        (job.Phase, job.Started, job.Members, job.Arithmetic) = (status.Phase, status.Started, status.Members, status.Arithmetic);
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
        var alive = _workers.Values.Where(w => w.LastSeen + _settings.AccusedTimeout > now).Select(w => w.Actor.Path.Address);
        _membership.DownUnreachable(_settings.DownAfter, alive.ToHashSet());
        CountWorkers();
    }

    /// <summary>Shares the living workers out anew and tells each job whose workers, or what they hold, have changed.</summary>
    private void Assign()
    {
        var demands = _jobs
            .Values.Where(j => j.Phase.WantsWorkers())
            .OrderBy(j => j.Number)
            .Select(j => new JobDemand(j.Id, j.Spec.Workers.Min, j.Spec.Workers.Max, j.Started, j.Arithmetic))
            .ToArray();
        var wanting = demands.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
        var alive = _workers.Values.Where(w => w.Reachable).ToArray();
        var given = WorkerAssignment.Assign(
            demands,
            [.. alive.Select(w => new WorkerSupply(w.Id, Holder(w, wanting), w.Draining, w.Registration.Arithmetic, w.Registered))]
        );
        foreach (var worker in _workers.Values)
        {
            worker.JobId = "";
        }
        foreach (var (jobId, assignment) in given)
        {
            foreach (var id in assignment.Workers)
            {
                _workers[id].JobId = jobId;
            }
        }
        foreach (var job in _jobs.Values)
        {
            var assignment = given.GetValueOrDefault(job.Id) ?? new([], "");
            var pool = new PoolChanged([.. assignment.Workers.Select(id => _workers[id].ToPool(job.Id))], assignment.LeftAside);
            if (job.Pool.Workers.SequenceEqual(pool.Workers) && job.Pool.LeftAside == pool.LeftAside)
            {
                continue;
            }
            job.Pool = pool;
            job.Actor.Tell(pool);
        }
        CountWorkers();
    }

    /// <summary>The job that has a worker: the one it was given to, else (after a restart of ours) the one whose state it holds.</summary>
    private static string Holder(WorkerEntry worker, HashSet<string> wanting)
    {
        if (wanting.Contains(worker.JobId))
        {
            return worker.JobId;
        }
        return worker.Registration.Running is { } running && wanting.Contains(running.JobId) ? running.JobId : "";
    }

    private void CountWorkers()
    {
        _jobContext.Metrics.SetWorkers(_workers.Values.Select(StateOf));
        _jobContext.Metrics.SetMissing(_missing.Keys);
    }

    private string StateOf(WorkerEntry worker) =>
        worker switch
        {
            { Reachable: false } => "unreachable",
            { Draining: true } => "draining",
            _ => _jobs.Values.Any(j => j.Members.Contains(worker.Id)) ? "training" : "idle",
        };

    private ClusterStatus Status() =>
        new()
        {
            Version = TrainingCluster.Hosting.BuildInfo.Version,
            Incarnation = _settings.Incarnation,
            Started = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(_started),
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

    private sealed record Tick
    {
        public static Tick Instance { get; } = new();
    }

    private sealed class JobEntry(Store.StoredJob job, IActorRef actor)
    {
        public string Id => job.Id;
        public long Number => job.Number;
        public JobSpec Spec => job.Spec;
        public IActorRef Actor => actor;
        public JobPhase Phase { get; set; }
        public bool Started { get; set; }
        public ImmutableHashSet<string> Members { get; set; } = [];
        public Arithmetic? Arithmetic { get; set; }
        public PoolChanged Pool { get; set; } = new([]);
    }
}
