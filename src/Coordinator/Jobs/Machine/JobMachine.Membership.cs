using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// Workers that come, go and die; and what is due when time passes.
public static partial class JobMachine
{
    private static void OnPool(TransitionBuilder transition, PoolChanged input)
    {
        NoteLeftAside(transition, input.LeftAside);
        var before = transition.State.Pool;
        var pool = Alike(transition.State, input.Workers)
            .ToImmutableSortedDictionary(w => w.Id, w => Newest(before, w), StringComparer.Ordinal);
        // Another process of the same name may run on another machine.
        var gone = transition.State.Speeds.Keys.Where(id =>
            !pool.TryGetValue(id, out var w) || (before.TryGetValue(id, out var old) && old.Incarnation != w.Incarnation)
        );
        transition.State = transition.State with { Pool = pool, Speeds = transition.State.Speeds.RemoveRange(gone) };
        switch (transition.State.Phase)
        {
            case JobPhase.Waiting:
                OpenRendezvous(transition, transition.State.Cause, Arrived(transition.State));
                break;
            case JobPhase.Preparing:
                var lost = transition.State.Members.Values.Where(s => !IsThere(transition.State, s)).Select(s => s.WorkerId).ToArray();
                if (lost.Length == 0)
                {
                    break;
                }
                transition.State = transition.State with { Members = transition.State.Members.RemoveRange(lost) };
                // Without them the others cannot come to the step at which they were to end.
                EndAtOnce(transition);
                PlanIfAllJoined(transition);
                break;
            case JobPhase.BackingOff when !pool.IsEmpty && transition.State.Pool.Values.All(w => w.Draining):
                // Nobody is left to try again with.
                OpenRendezvous(transition, GenerationCause.WorkerDrained, "all workers leave");
                break;
            case JobPhase.Leaving:
                if (transition.State.Members.Values.Any(s => !IsThere(transition.State, s)))
                {
                    EndLeaving(transition);
                }
                break;
            case JobPhase.Starting or JobPhase.Running:
                OnPoolOfStarted(transition);
                break;
            case JobPhase.Recovering:
                Adopt(transition);
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

    private static bool IsThere(JobMachineState state, GroupMember member) =>
        state.Pool.TryGetValue(member.WorkerId, out var worker) && worker.Incarnation == member.Incarnation;

    private static void OnPoolOfStarted(TransitionBuilder transition)
    {
        var lost = transition.State.Members.Values.Where(s => !IsThere(transition.State, s)).Select(s => s.WorkerId).ToArray();
        if (lost.Length > 0)
        {
            if (transition.State.ModelStoredAt is not null)
            {
                Succeed(transition);
            }
            else
            {
                FailGeneration(transition, GenerationCause.WorkerLost, $"lost {string.Join(", ", lost)}");
            }
            return;
        }
        var goneNewcomers = transition.State.Newcomers.Values.Where(s => !IsThere(transition.State, s)).Select(s => s.WorkerId).ToArray();
        if (goneNewcomers.Length > 0)
        {
            transition.State = transition.State with { Newcomers = transition.State.Newcomers.RemoveRange(goneNewcomers) };
            TakeIn(transition);
        }
        if (transition.State.Phase != JobPhase.Running)
        {
            return;
        }
        NoteNewcomers(transition);
        LetDrainingGo(transition);
    }

    /// <summary>
    /// Newcomers to a running job prepare at once (dataset, model), under a number of their own, while the others train on. Only
    /// when they are ready is everyone called.
    /// </summary>
    private static void NoteNewcomers(TransitionBuilder transition)
    {
        var state = transition.State;
        var room =
            state.Spec.Training.LogicalShards
            - state.Newcomers.Count
            - state.Members.Keys.Count(id => !state.Pool.TryGetValue(id, out var w) || !w.Draining);
        var newcomers = Allowed(state, transition.Now)
            .Where(w => !w.Draining && !state.Members.ContainsKey(w.Id) && !state.Newcomers.ContainsKey(w.Id))
            .Take(Math.Max(0, room))
            .ToArray();
        if (newcomers.Length == 0 || state.ModelStoredAt is not null)
        {
            return;
        }
        transition.State = state with
        {
            Generation = state.Newcomers.IsEmpty ? state.Generation + 1 : state.Generation,
            Newcomers = state.Newcomers.SetItems(
                newcomers.Select(w => KeyValuePair.Create(w.Id, new GroupMember(w.Id, w.Incarnation) { InvitedAt = transition.Now }))
            ),
        };
        foreach (var worker in newcomers)
        {
            Invite(transition, worker.Id, transition.State.Generation);
        }
    }

    /// <summary>
    /// When the newcomers that are ready are taken in; null: none is. Several that come shortly after one another cost one change,
    /// and one that takes long does not keep the others waiting.
    /// </summary>
    private static DateTimeOffset? TakeInAt(JobMachineState state, JobMachineOptions options)
    {
        var (all, ready) = (state.Newcomers.Values, state.Newcomers.Values.Where(s => s.Joined is not null).ToArray());
        if (ready.Length == 0 || state.ModelStoredAt is not null)
        {
            return null;
        }
        var last = all.Max(s => s.InvitedAt);
        if (ready.Length < state.Newcomers.Count && ready.Max(s => s.JoinedAt) is var prepared && prepared > last)
        {
            last = prepared;
        }
        return last + (AllDrain(state) ? TimeSpan.Zero : options.JoinDebounce);
    }

    private static void TakeIn(TransitionBuilder transition)
    {
        if (transition.State.Newcomers.IsEmpty)
        {
            NoteNewcomers(transition);
            LetDrainingGo(transition);
        }
        else if (TakeInAt(transition.State, transition.Options) <= transition.Now)
        {
            // Where the job is about to end it ends without them.
            var ready = transition.State.Newcomers.Values.Where(s => s.Joined is not null).Select(s => s.WorkerId);
            if (!RendezvousAtBoundary(transition, GenerationCause.WorkerJoined, $"{string.Join(", ", ready)} joins"))
            {
                transition.State = transition.State with { Newcomers = transition.State.Newcomers.Clear() };
            }
        }
    }

    /// <summary>After a restart of the coordinator: if every member still trains, the generation goes on as if nothing had been.</summary>
    private static void Adopt(TransitionBuilder transition)
    {
        if (transition.State.Plan is not { } plan)
        {
            GiveUpRecovering(transition);
            return;
        }
        var still = plan.Members.All(m =>
            transition.State.Pool.TryGetValue(m.WorkerId, out var w)
            && w.Incarnation == m.Incarnation
            && w.Claim is { Training: true } claim
            && claim.Generation == plan.Generation
        );
        if (!still)
        {
            var there = plan.Members.Where(m => transition.State.Pool.ContainsKey(m.WorkerId)).ToArray();
            var broken = there.Any(m =>
                transition.State.Pool[m.WorkerId] is var w
                && (w.Incarnation != m.Incarnation || w.Claim is not { Training: true } claim || claim.Generation != plan.Generation)
            );
            // Nothing to adopt any more: call whoever is there, after a moment for the others to report.
            if (broken && there.Length == plan.Members.Count)
            {
                GiveUpRecovering(transition);
            }
            else if (broken)
            {
                transition.State = transition.State with
                {
                    RecoverUntil = transition.State.RecoverUntil ?? transition.Now + transition.Options.RecoverDebounce,
                };
            }
            return;
        }
        transition.State = transition.State with
        {
            Members = plan.Members.ToImmutableSortedDictionary(
                m => m.WorkerId,
                m => new GroupMember(m.WorkerId, m.Incarnation) { Acknowledged = true, Started = true },
                StringComparer.Ordinal
            ),
            // A job that an older program stored does not say it.
            Arithmetic = transition.State.Arithmetic ?? transition.State.Pool.Values.First().Arithmetic,
            NoticedAt = null,
            AllStartedAt = transition.Now,
            RecoverUntil = null,
            LastHeard = transition.Now,
        };
        transition.Enter(JobPhase.Running, $"the coordinator came back; generation {plan.Generation} went on without it");
        transition.Log("info", "coordinator", transition.State.Reason);
        NoteNewcomers(transition);
        LetDrainingGo(transition);
    }

    private static void GiveUpRecovering(TransitionBuilder transition) =>
        OpenRendezvous(transition, GenerationCause.CoordinatorRestarted, "the last generation did not outlive the coordinator's absence");

    private static void LeaveOut(TransitionBuilder transition, IReadOnlyList<string> workers, string why)
    {
        foreach (var id in workers)
        {
            var member = transition.State.Members.GetValueOrDefault(id) ?? transition.State.Newcomers[id];
            var before =
                transition.State.LeftOut.TryGetValue(id, out var left) && left.Incarnation == member.Incarnation ? left.Failures : 0;
            var wait = TimeSpan.FromTicks(
                Math.Min(transition.Options.LeaveOut.Ticks << Math.Min(before, 20), transition.Options.BackOffLimit.Ticks)
            );
            transition.State = transition.State with
            {
                LeftOut = transition.State.LeftOut.SetItem(id, new(member.Incarnation, before + 1, transition.Now + wait)),
                Members = transition.State.Members.Remove(id),
                Newcomers = transition.State.Newcomers.Remove(id),
            };
            transition.Log("warning", "coordinator", $"{id} is left out for {wait.TotalSeconds:0.#} s: it {why}");
        }
    }
}
