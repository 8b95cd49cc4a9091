using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// Workers that come, go and die; and what is due when time passes.
public static partial class JobMachine
{
    private static void OnPool(Turn turn, PoolChanged input)
    {
        NoteLeftAside(turn, input.LeftAside);
        var before = turn.State.Pool;
        var pool = Alike(turn.State, input.Workers).ToImmutableSortedDictionary(w => w.Id, w => Newest(before, w), StringComparer.Ordinal);
        // Another process of the same name may run on another machine.
        var gone = turn.State.Speeds.Keys.Where(id =>
            !pool.TryGetValue(id, out var w) || (before.TryGetValue(id, out var old) && old.Incarnation != w.Incarnation)
        );
        turn.State = turn.State with { Pool = pool, Speeds = turn.State.Speeds.RemoveRange(gone) };
        switch (turn.State.Phase)
        {
            case JobPhase.Waiting:
                CallGeneration(turn, turn.State.Cause, Arrived(turn.State));
                break;
            case JobPhase.Preparing:
                var lost = turn.State.Seats.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
                if (lost.Length == 0)
                {
                    break;
                }
                turn.State = turn.State with { Seats = turn.State.Seats.RemoveRange(lost) };
                // Without them the others cannot come to the step at which they were to end.
                EndAtOnce(turn);
                PlanIfAllPrepared(turn);
                break;
            case JobPhase.BackingOff when !pool.IsEmpty && turn.State.Pool.Values.All(w => w.Draining):
                // Nobody is left to try again with.
                CallGeneration(turn, GenerationCause.WorkerDrained, "all workers leave");
                break;
            case JobPhase.Leaving:
                if (turn.State.Seats.Values.Any(s => !IsThere(turn.State, s)))
                {
                    EndLeaving(turn);
                }
                break;
            case JobPhase.Starting or JobPhase.Running:
                OnPoolOfStarted(turn);
                break;
            case JobPhase.Recovering:
                Adopt(turn);
                break;
        }
    }

    /// <summary>The last registration may be older than what the worker has told this job since.</summary>
    private static PoolWorker Newest(ImmutableSortedDictionary<string, PoolWorker> before, PoolWorker now) =>
        before.TryGetValue(now.Id, out var old) && old.Incarnation == now.Incarnation && old.Claim is { } claim
            ? now with
            {
                Claim = Newest(claim, now.Claim),
            }
            : now;

    private static WorkerClaim Newest(WorkerClaim told, WorkerClaim? registered) =>
        registered switch
        {
            null => told,
            _ when registered.Generation < told.Generation => told,
            // It may have been made while the worker was catching up, which it has told to have done since.
            _ when registered.Generation == told.Generation && told.HasState && !registered.HasState => told,
            _ => registered with { Ready = registered.Ready || told.Ready },
        };

    private static string Arrived(JobMachineState state) =>
        WithLeftAside(
            state,
            state.Started is null ? $"{state.Pool.Count} workers are there" : $"{state.Pool.Count} workers are there again"
        );

    private static bool IsThere(JobMachineState state, Seat seat) =>
        state.Pool.TryGetValue(seat.WorkerId, out var worker) && worker.Incarnation == seat.Incarnation;

    private static void OnPoolOfStarted(Turn turn)
    {
        var lost = turn.State.Seats.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
        if (lost.Length > 0)
        {
            if (turn.State.ModelStoredAt is not null)
            {
                Succeed(turn);
            }
            else
            {
                FailGeneration(turn, GenerationCause.WorkerLost, $"lost {string.Join(", ", lost)}");
            }
            return;
        }
        var goneNewcomers = turn.State.Newcomers.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
        if (goneNewcomers.Length > 0)
        {
            turn.State = turn.State with { Newcomers = turn.State.Newcomers.RemoveRange(goneNewcomers) };
            TakeIn(turn);
        }
        if (turn.State.Phase != JobPhase.Running)
        {
            return;
        }
        NoteNewcomers(turn);
        LetDrainingGo(turn);
    }

    /// <summary>
    /// Newcomers to a running job prepare at once (dataset, model), under a number of their own, while the others train on. Only
    /// when they are ready is everyone called.
    /// </summary>
    private static void NoteNewcomers(Turn turn)
    {
        var state = turn.State;
        var room =
            state.Spec.Training.LogicalShards
            - state.Newcomers.Count
            - state.Seats.Keys.Count(id => !state.Pool.TryGetValue(id, out var w) || !w.Draining);
        var newcomers = Allowed(state, turn.Now)
            .Where(w => !w.Draining && !state.Seats.ContainsKey(w.Id) && !state.Newcomers.ContainsKey(w.Id))
            .Take(Math.Max(0, room))
            .ToArray();
        if (newcomers.Length == 0 || state.ModelStoredAt is not null)
        {
            return;
        }
        turn.State = state with
        {
            Generation = state.Newcomers.IsEmpty ? state.Generation + 1 : state.Generation,
            Newcomers = state.Newcomers.SetItems(
                newcomers.Select(w => KeyValuePair.Create(w.Id, new Seat(w.Id, w.Incarnation) { CalledAt = turn.Now }))
            ),
        };
        foreach (var worker in newcomers)
        {
            Call(turn, worker.Id, turn.State.Generation);
        }
    }

    /// <summary>
    /// When the newcomers that are ready are taken in; null: none is. Several that come shortly after one another cost one change,
    /// and one that takes long does not keep the others waiting.
    /// </summary>
    private static DateTimeOffset? TakeInAt(JobMachineState state, JobMachineOptions options)
    {
        var (all, ready) = (state.Newcomers.Values, state.Newcomers.Values.Where(s => s.Prepared is not null).ToArray());
        if (ready.Length == 0 || state.ModelStoredAt is not null)
        {
            return null;
        }
        var last = all.Max(s => s.CalledAt);
        if (ready.Length < state.Newcomers.Count && ready.Max(s => s.PreparedAt) is var prepared && prepared > last)
        {
            last = prepared;
        }
        return last + (AllDrain(state) ? TimeSpan.Zero : options.JoinDebounce);
    }

    private static void TakeIn(Turn turn)
    {
        if (turn.State.Newcomers.IsEmpty)
        {
            NoteNewcomers(turn);
            LetDrainingGo(turn);
        }
        else if (TakeInAt(turn.State, turn.Options) <= turn.Now)
        {
            // Where the job is about to end it ends without them.
            var ready = turn.State.Newcomers.Values.Where(s => s.Prepared is not null).Select(s => s.WorkerId);
            if (!CallAtBoundary(turn, GenerationCause.WorkerJoined, $"{string.Join(", ", ready)} joins"))
            {
                turn.State = turn.State with { Newcomers = turn.State.Newcomers.Clear() };
            }
        }
    }

    /// <summary>After a restart of the coordinator: if every member still trains, the generation goes on as if nothing had been.</summary>
    private static void Adopt(Turn turn)
    {
        if (turn.State.Plan is not { } plan)
        {
            GiveUpRecovering(turn);
            return;
        }
        var still = plan.Members.All(m =>
            turn.State.Pool.TryGetValue(m.WorkerId, out var w)
            && w.Incarnation == m.Incarnation
            && w.Claim is { Training: true } claim
            && claim.Generation == plan.Generation
        );
        if (!still)
        {
            var there = plan.Members.Where(m => turn.State.Pool.ContainsKey(m.WorkerId)).ToArray();
            var broken = there.Any(m =>
                turn.State.Pool[m.WorkerId] is var w
                && (w.Incarnation != m.Incarnation || w.Claim is not { Training: true } claim || claim.Generation != plan.Generation)
            );
            // Nothing to adopt any more: call whoever is there, after a moment for the others to report.
            if (broken && there.Length == plan.Members.Count)
            {
                GiveUpRecovering(turn);
            }
            else if (broken)
            {
                turn.State = turn.State with { RecoverUntil = turn.State.RecoverUntil ?? turn.Now + turn.Options.RecoverDebounce };
            }
            return;
        }
        turn.State = turn.State with
        {
            Seats = plan.Members.ToImmutableSortedDictionary(
                m => m.WorkerId,
                m => new Seat(m.WorkerId, m.Incarnation) { Acknowledged = true, Started = true },
                StringComparer.Ordinal
            ),
            // A job that an older program stored does not say it.
            Arithmetic = turn.State.Arithmetic ?? turn.State.Pool.Values.First().Arithmetic,
            NoticedAt = null,
            AllStartedAt = turn.Now,
            RecoverUntil = null,
            LastHeard = turn.Now,
        };
        turn.Enter(JobPhase.Running, $"the coordinator came back; generation {plan.Generation} went on without it");
        turn.Log("info", "coordinator", turn.State.Reason);
        NoteNewcomers(turn);
        LetDrainingGo(turn);
    }

    private static void GiveUpRecovering(Turn turn) =>
        CallGeneration(turn, GenerationCause.CoordinatorRestarted, "the last generation did not outlive the coordinator's absence");

    private static void LeaveOut(Turn turn, IReadOnlyList<string> workers, string why)
    {
        foreach (var id in workers)
        {
            var seat = turn.State.Seats.GetValueOrDefault(id) ?? turn.State.Newcomers[id];
            var before = turn.State.LeftOut.TryGetValue(id, out var left) && left.Incarnation == seat.Incarnation ? left.Failures : 0;
            var wait = TimeSpan.FromTicks(Math.Min(turn.Options.LeaveOut.Ticks << Math.Min(before, 20), turn.Options.BackOffLimit.Ticks));
            turn.State = turn.State with
            {
                LeftOut = turn.State.LeftOut.SetItem(id, new(seat.Incarnation, before + 1, turn.Now + wait)),
                Seats = turn.State.Seats.Remove(id),
                Newcomers = turn.State.Newcomers.Remove(id),
            };
            turn.Log("warning", "coordinator", $"{id} is left out for {wait.TotalSeconds:0.#} s: it {why}");
        }
    }
}
