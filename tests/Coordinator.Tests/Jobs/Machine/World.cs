using System.Collections.Immutable;
using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>
/// The machine, workers and a network that loses, repeats and reorders, moved on by one random action at a time.
/// The invariants are checked as things happen (<see cref="Invariants"/>).
/// </summary>
internal sealed partial class World
{
    public const long TotalSteps = 12;
    public const int Shards = 4;

    // Twelve steps are soon over: shards are shared out anew more readily than by default.
    private static readonly JobMachineOptions s_options = new()
    {
        Rebalance = new()
        {
            Sustain = TimeSpan.FromSeconds(0.3),
            Interval = TimeSpan.FromSeconds(1),
            Least = TimeSpan.Zero,
        },
    };
    private readonly Random _random;
    private readonly Random _storing;
    private readonly Invariants _invariants = new();
    private readonly SimulatedWorker[] _workers;
    private readonly Dictionary<string, PoolWorker> _seen = [];
    private readonly List<(string Worker, IMessage Message)> _toWorkers = [];
    private readonly List<(string Worker, WorkerReport Message)> _toMachine = [];
    private readonly SortedDictionary<long, (long Generation, long[] History)> _checkpoints = [];
    private readonly HashSet<(long Generation, long Step)> _applied = [];
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private JobRecord _durable;
    private ImmutableSortedDictionary<long, LedgerEntry> _ledger = ImmutableSortedDictionary<long, LedgerEntry>.Empty;

    public World(int seed, bool faults = true)
    {
        _random = new Random(seed);
        _storing = new Random(seed);
        Faults = faults;
        _workers =
        [
            .. Enumerable
                .Range(0, _random.Next(1, 5))
                .Select(i => new SimulatedWorker($"w{i}", seed % 3 == 0 && i % 2 == 1 ? "unlike" : "alike")),
        ];
        var spec = JobSpecDefaults.Fill(
            new JobSpec
            {
                RetryLimit = 1000,
                Training = new() { LogicalShards = Shards },
            }
        );
        State = JobMachine.Create("job", spec, _now);
        _durable = State.Record;
    }

    public JobMachineState State { get; private set; }
    public bool Faults { get; set; }
    public Dictionary<string, int> Fired { get; } = [];
    public long Generations => State.Generation;

    public long CheckpointStep(string id) => long.Parse(id, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>For each step of a checkpoint the generation that had done it.</summary>
    public long[] CheckpointHistory(string id) => _checkpoints[CheckpointStep(id)].History;

    /// <summary>Who can give the base state of a plan now; null: nobody.</summary>
    public SimulatedWorker? Server(StartGeneration plan) =>
        plan
            .Members.Where(m => m.HasBaseState)
            .Select(m =>
                _workers.FirstOrDefault(w =>
                    w.Id == m.WorkerId && w.Incarnation == m.Incarnation && w.Acts && w.Newest == plan.Generation && w.Step == plan.BaseStep
                )
            )
            .FirstOrDefault(w => w is not null);

    /// <summary>The job's record says truly who did what: holds at the end.</summary>
    public void CheckLedger()
    {
        var lineage = LedgerLineage.Of([.. State.Ledger.Values]);
        Assert.Empty(lineage.Findings);
        Assert.Equal(TotalSteps, lineage.LastStep);
        var steps = lineage
            .Ranges.SelectMany(r =>
                Enumerable.Range((int)r.First, (int)(r.Last - r.First + 1)).Select(s => (r.Entry.Generation, Step: (long)s))
            )
            .ToArray();
        Assert.Equal(Enumerable.Range(1, (int)TotalSteps).Select(s => (long)s), steps.Select(s => s.Step));
        Assert.All(steps, s => Assert.Contains(s, _applied));
        Assert.All(lineage.Ranges, r => Assert.Null(LedgerLineage.Shards(r.Entry, Shards)));
        // Where nobody but members of the ledger's generations held the state, it is the history of the weights that were stored.
        if (_workers.Any(w => w.Step == TotalSteps && w.History.SequenceEqual(steps.Select(s => s.Generation))))
        {
            HistoriesEqual++;
        }
        Discarded += lineage.Ranges.Sum(r => r.Entry.Reached - r.Last);
    }

    public int HistoriesEqual { get; private set; }
    public long Discarded { get; private set; }

    public void Say(SimulatedWorker worker, long generation, IMessage content, bool reliable = true)
    {
        var message = Said.By(worker.Id, worker.Incarnation, generation, content);
        _toMachine.Add((worker.Id, message));
        if (reliable)
        {
            worker.Unacknowledged.Add(message);
        }
    }

    /// <summary>Everyone is well again: from here on the job must end.</summary>
    public void StopFaults()
    {
        Faults = false;
        foreach (var worker in _workers)
        {
            if (!worker.Alive)
            {
                worker.Restart();
            }
            (worker.Paused, worker.Draining) = (false, false);
        }
    }

    public void Act()
    {
        _now += TimeSpan.FromMilliseconds(_random.Next(0, 150));
        if (DueTimes.Next(State, _now, s_options) is { } due && due <= _now && _random.Next(3) > 0)
        {
            PassTime();
        }
        var worker = _workers[_random.Next(_workers.Length)];
        // No fault: it happens in quiet times too.
        if (_random.Next(20) == 0)
        {
            Fire("speed changes", true, () => worker.Slowness = _random.Next(2) == 0 ? 0.2 : 2);
        }
        _lent.RemoveWhere(_ => !Faults);
        switch (_random.Next(Faults ? 18 : 8))
        {
            case 0 or 1:
                Deliver(_toWorkers, (id, message) => ToWorker(id, message));
                break;
            case 2 or 3:
                Deliver(_toMachine, ToMachine);
                break;
            case 4:
                Register(worker);
                break;
            case 5 or 6:
                Train(worker);
                break;
            case 7:
                Notice(worker);
                break;
            case 8:
                Fire(
                    "kill",
                    _random.Next(4) == 0 && worker.Alive,
                    () =>
                    {
                        worker.Alive = false;
                        worker.Unacknowledged.Clear();
                    }
                );
                break;
            case 9:
                Fire("restart", !worker.Alive, worker.Restart);
                break;
            case 10:
                Fire("pause", _random.Next(4) == 0 && worker.Acts, () => worker.Paused = true);
                break;
            case 11:
                Fire("wake", worker is { Alive: true, Paused: true }, () => worker.Paused = false);
                break;
            case 12:
                Fire("coordinator restarts", _random.Next(5) == 0, RestartCoordinator);
                break;
            case 13:
                Fire("drain", _random.Next(10) == 0 && worker.Acts, () => worker.Draining = true);
                break;
            case 14:
                Fire("checkpoint", worker is { Acts: true, HasState: true, Step: > 0 }, () => StoreCheckpoint(worker));
                break;
            case 15:
                Fire(
                    "suspend or resume",
                    _random.Next(8) == 0,
                    () => Apply(State.Phase == JobPhase.Suspended ? new ResumeRequested() : new SuspendRequested())
                );
                break;
            case 16:
                Fire("asked back", _random.Next(3) == 0 && !_yields && IsOurs(worker), () => AskBack(worker));
                Fire("preempted", _random.Next(10) == 0 && State.Phase is not (JobPhase.Waiting or JobPhase.Suspended), Preempt);
                break;
            case 17:
                Fire("lent worker comes back", _lent.Contains(worker.Id), () => TakeBack(worker));
                break;
        }
        if (!Faults && State.Phase == JobPhase.Suspended)
        {
            Apply(new ResumeRequested());
        }
    }

    private void Fire(string fault, bool possible, Action act)
    {
        if (!possible)
        {
            return;
        }
        Fired[fault] = Fired.GetValueOrDefault(fault) + 1;
        act();
    }

    private void PassTime()
    {
        // What is due must be done by passing time once or twice: a machine that stays due would spin.
        for (var i = 0; DueTimes.Next(State, _now, s_options) is { } due && due <= _now; i++)
        {
            Assert.True(i < 4, $"the machine stays due in {State.Phase}");
            Apply(new TimePassed());
        }
    }

    /// <summary>Takes any message under way, not only the oldest; some are lost, some stay to come again.</summary>
    private void Deliver<T>(List<(string Worker, T Message)> queue, Action<string, T> deliver)
    {
        if (queue.Count == 0)
        {
            return;
        }
        var index = Faults && _random.Next(4) == 0 ? _random.Next(queue.Count) : 0;
        var (worker, message) = queue[index];
        var fate = Faults ? _random.Next(20) : 2;
        if (fate != 1)
        {
            queue.RemoveAt(index);
        }
        else
        {
            Fired["repeated message"] = Fired.GetValueOrDefault("repeated message") + 1;
        }
        if (fate == 0)
        {
            Fired["lost message"] = Fired.GetValueOrDefault("lost message") + 1;
        }
        else
        {
            deliver(worker, message);
        }
    }

    private void ToWorker(string id, IMessage message)
    {
        var worker = _workers.Single(w => w.Id == id);
        if (worker.Acts)
        {
            worker.Obey(message, this);
        }
        else if (worker.Alive)
        {
            _toWorkers.Add((id, message));
        }
    }

    private void ToMachine(string id, WorkerReport message)
    {
        _workers.Single(w => w.Id == id).Unacknowledged.Remove(message);
        Apply(new WorkerReported(message));
    }

    private void Register(SimulatedWorker worker)
    {
        if (worker.Acts)
        {
            _seen[worker.Id] = worker.Registration;
            _toMachine.AddRange(worker.Unacknowledged.Where(m => !_toMachine.Contains((worker.Id, m))).Select(m => (worker.Id, m)));
        }
        else
        {
            _seen.Remove(worker.Id);
        }
        // The coordinator tells whoever works for a job that has ended to stop.
        if (State.Phase.HasEnded() && worker.Acts && worker.Newest > 0)
        {
            _toWorkers.Add((worker.Id, new StopTraining { Generation = State.Generation }));
        }
        Apply(Pool());
    }

    private void Train(SimulatedWorker worker)
    {
        if (!worker.Acts || !worker.Training || worker.Plan is not { } plan || worker.Step >= TotalSteps)
        {
            return;
        }
        var members = plan.Members.Select(m => _workers.Single(w => w.Id == m.WorkerId)).ToArray();
        // The update of the next step can be applied once every member, in this generation, has given its gradients to it.
        var complete = members.All(m => m.Step > worker.Step || (m.Acts && m.Training && m.Plan == plan && m.Step == worker.Step));
        // Who has ended the plan in order has given the others all that they need.
        if (!complete || members.Any(m => m.Step > worker.Step && m.Plan != plan && m.Ended != plan))
        {
            return;
        }
        _invariants.OnStep(plan, State, worker, _workers);
        worker.Apply(this);
        _applied.Add((plan.Generation, worker.Step));
    }

    private void Notice(SimulatedWorker worker)
    {
        if (!worker.Acts || !worker.Training || worker.Plan is not { } plan || worker.Step >= TotalSteps)
        {
            return;
        }
        var broken = plan.Members.Where(m =>
            _workers.Single(w => w.Id == m.WorkerId) is var w
            && (!w.Acts || w.Incarnation != m.Incarnation || (w.Plan == plan ? !w.Training : w.Ended != plan && w.Newest > plan.Generation))
        );
        // Without faults a peer that has not started yet is waited for; with them the timeout may end early.
        var suspects = broken.Select(m => m.WorkerId).ToArray();
        if (suspects.Length > 0)
        {
            worker.Fail(this, "PeerUnreachable", suspects);
        }
    }

    public void StoreCheckpoint(SimulatedWorker worker)
    {
        _checkpoints[worker.Step] = (worker.History[^1], [.. worker.History]);
        TellCheckpoints();
    }

    private void TellCheckpoints()
    {
        if (_checkpoints.Count == 0)
        {
            return;
        }
        var (newest, (generation, _)) = _checkpoints.Last();
        Apply(new CheckpointsChanged(newest.ToString(System.Globalization.CultureInfo.InvariantCulture), newest, generation));
    }

    private void RestartCoordinator()
    {
        _toMachine.Clear();
        _seen.Clear();
        ForgetQueue();
        State = JobMachine.Restore("job", State.Spec, _durable, State.Progress, _now) with { Ledger = _ledger };
        TellCheckpoints();
    }

    private void Apply(JobInput input)
    {
        var before = State;
        var (state, effects) = JobMachine.Step(State, input, _now, s_options);
        State = state;
        // What is known of steps is stored now and then; a plan always.
        if (state.Record != _durable || _storing.Next(10) == 0)
        {
            _ledger = state.Ledger;
        }
        _durable = state.Record;
        _invariants.OnTransition(before, input, state, effects, _workers);
        // The coordinator may die between making the record durable and sending: then nothing is sent.
        if (Faults && _random.Next(150) == 0)
        {
            Fire("coordinator dies before sending", true, RestartCoordinator);
            return;
        }
        foreach (var cause in effects.OfType<CountGeneration>().Select(e => e.Cause))
        {
            Fired[cause.ToLabel()] = Fired.GetValueOrDefault(cause.ToLabel()) + 1;
        }
        if (input is PoolChanged pool && pool.Workers.Length > state.Pool.Count)
        {
            Fired["left aside"] = Fired.GetValueOrDefault("left aside") + 1;
        }
        if (before.Phase != JobPhase.Leaving && state.Phase == JobPhase.Leaving)
        {
            Fired["leaving"] = Fired.GetValueOrDefault("leaving") + 1;
        }
        if (effects.OfType<SendToWorker>().Any(s => s.Message is OpenRendezvous { FinishStep: > 0 }))
        {
            Fired["boundary"] = Fired.GetValueOrDefault("boundary") + 1;
        }
        _toWorkers.AddRange(effects.OfType<SendToWorker>().Select(s => (s.WorkerId, s.Message)));
        TakeReleased();
    }
}
