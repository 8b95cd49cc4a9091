using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// Workers that come, go and die; and what is due when time passes.
public static partial class JobMachine
{
    private static void OnPool(Turn turn, PoolChanged input)
    {
        var before = turn.State.Pool;
        var pool = input.Workers.ToImmutableSortedDictionary(w => w.Id, w => Newest(before, w), StringComparer.Ordinal);
        // Another process of the same name may run on another machine.
        var gone = turn.State.Speeds.Keys.Where(id => !pool.TryGetValue(id, out var w) || (before.TryGetValue(id, out var old) && old.Incarnation != w.Incarnation));
        turn.State = turn.State with { Pool = pool, Speeds = turn.State.Speeds.RemoveRange(gone) };
        switch (turn.State.Phase)
        {
            case JobPhase.Waiting:
                CallGeneration(turn, turn.State.Cause, Arrived(turn.State));
                break;
            case JobPhase.Preparing:
                var lost = turn.State.Seats.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
                if (lost.Length == 0) break;
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
                if (turn.State.Seats.Values.Any(s => !IsThere(turn.State, s))) EndLeaving(turn);
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
            ? now with { Claim = now.Claim is null || now.Claim.Generation < claim.Generation ? claim : now.Claim with { Ready = now.Claim.Ready || claim.Ready } }
            : now;

    private static string Arrived(JobMachineState state) =>
        state.Started is null ? $"{state.Pool.Count} workers are there" : $"{state.Pool.Count} workers are there again";

    private static bool IsThere(JobMachineState state, Seat seat) =>
        state.Pool.TryGetValue(seat.WorkerId, out var worker) && worker.Incarnation == seat.Incarnation;

    private static void OnPoolOfStarted(Turn turn)
    {
        var lost = turn.State.Seats.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
        if (lost.Length > 0)
        {
            if (turn.State.ModelStoredAt is not null) Succeed(turn);
            else FailGeneration(turn, GenerationCause.WorkerLost, $"lost {string.Join(", ", lost)}");
            return;
        }
        var goneNewcomers = turn.State.Newcomers.Values.Where(s => !IsThere(turn.State, s)).Select(s => s.WorkerId).ToArray();
        if (goneNewcomers.Length > 0)
        {
            turn.State = turn.State with { Newcomers = turn.State.Newcomers.RemoveRange(goneNewcomers) };
            TakeInIfAllPrepared(turn);
        }
        if (turn.State.Phase != JobPhase.Running) return;
        NoteNewcomers(turn);
        LetDrainingGo(turn);
    }

    /// <summary>Newcomers to a running job are collected for a while, so that several cost one change.</summary>
    private static void NoteNewcomers(Turn turn)
    {
        var any = Newcomers(turn).Any();
        if (!any && turn.State.Newcomers.IsEmpty) turn.State = turn.State with { JoinAt = null };
        else if (any && turn.State.JoinAt is null) turn.State = turn.State with { JoinAt = turn.Now + (AllDrain(turn.State) ? TimeSpan.Zero : turn.Options.JoinDebounce) };
    }

    private static IEnumerable<PoolWorker> Newcomers(Turn turn)
    {
        var room = turn.State.Spec.Training.LogicalShards - turn.State.Seats.Keys.Count(id => !turn.State.Pool.TryGetValue(id, out var w) || !w.Draining);
        return Allowed(turn.State, turn.Now).Where(w => !w.Draining && !turn.State.Seats.ContainsKey(w.Id)).Take(Math.Max(0, room));
    }

    /// <summary>
    /// Newcomers prepare under a number of their own (dataset, model) while the others train on. Only when they are ready
    /// is everyone called.
    /// </summary>
    private static void CallNewcomers(Turn turn)
    {
        var newcomers = Newcomers(turn).ToImmutableArray();
        turn.State = turn.State with { JoinAt = null };
        if (newcomers.IsEmpty) return;
        turn.State = turn.State with
        {
            Generation = turn.State.Generation + 1,
            JoinAt = turn.Now,
            Newcomers = newcomers.ToImmutableSortedDictionary(w => w.Id, w => new Seat(w.Id, w.Incarnation), StringComparer.Ordinal),
        };
        foreach (var worker in newcomers) Call(turn, worker.Id, turn.State.Generation);
    }

    private static void TakeInIfAllPrepared(Turn turn)
    {
        var newcomers = turn.State.Newcomers;
        if (newcomers.IsEmpty)
        {
            turn.State = turn.State with { JoinAt = null };
            NoteNewcomers(turn);
            LetDrainingGo(turn);
        }
        else if (newcomers.Values.All(s => s.Prepared is not null) && turn.State.ModelStoredAt is null)
        {
            // Where the job is about to end it ends without them.
            if (!CallAtBoundary(turn, GenerationCause.WorkerJoined, $"{string.Join(", ", newcomers.Keys)} joins"))
                turn.State = turn.State with { Newcomers = turn.State.Newcomers.Clear(), JoinAt = null };
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
        var still = plan.Members.All(m => turn.State.Pool.TryGetValue(m.WorkerId, out var w) && w.Incarnation == m.Incarnation
            && w.Claim is { Training: true } claim && claim.Generation == plan.Generation);
        if (!still)
        {
            var there = plan.Members.Where(m => turn.State.Pool.ContainsKey(m.WorkerId)).ToArray();
            var broken = there.Any(m => turn.State.Pool[m.WorkerId] is var w
                && (w.Incarnation != m.Incarnation || w.Claim is not { Training: true } claim || claim.Generation != plan.Generation));
            // Nothing to adopt any more: call whoever is there, after a moment for the others to report.
            if (broken && there.Length == plan.Members.Count) GiveUpRecovering(turn);
            else if (broken) turn.State = turn.State with { JoinAt = turn.State.JoinAt ?? turn.Now + turn.Options.JoinDebounce };
            return;
        }
        turn.State = turn.State with
        {
            Seats = plan.Members.ToImmutableSortedDictionary(m => m.WorkerId, m => new Seat(m.WorkerId, m.Incarnation) { Acknowledged = true, Started = true }, StringComparer.Ordinal),
            NoticedAt = null,
            AllStartedAt = turn.Now,
            JoinAt = null,
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
