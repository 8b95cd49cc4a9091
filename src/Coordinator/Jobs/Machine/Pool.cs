using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Workers that are given to a job, and taken from it or dead.</summary>
internal static class Pool
{
    public static void OnChanged(TransitionBuilder transition, PoolChanged input)
    {
        Waiting.NoteQueue(transition, input.Queue);
        Alikeness.NoteLeftAside(transition, input.LeftAside);
        var before = transition.State.Pool;
        var pool = Alikeness
            .Alike(transition.State, input.Workers)
            .ToImmutableSortedDictionary(w => w.Id, w => Newest(before, w), StringComparer.Ordinal);
        // Another process of the same name may run on another machine.
        var gone = transition.State.Speeds.Keys.Where(id =>
            !pool.TryGetValue(id, out var w) || (before.TryGetValue(id, out var old) && old.Incarnation != w.Incarnation)
        );
        transition.State = transition.State with { Pool = pool, Lost = input.Lost, Speeds = transition.State.Speeds.RemoveRange(gone) };
        if (Preemption.Yields(transition))
        {
            return;
        }
        switch (transition.State.Phase)
        {
            case JobPhase.Waiting:
                Rendezvous.Open(transition, transition.Change.Cause, Arrived(transition.State));
                break;
            case JobPhase.Preparing:
                var lost = transition.Current.Members.Values.Where(s => !IsThere(transition.State, s)).Select(s => s.WorkerId).ToArray();
                if (lost.Length == 0)
                {
                    break;
                }
                var calling = transition.State with { Pool = before };
                transition.Current = transition.Current with { Members = transition.Current.Members.RemoveRange(lost) };
                // Without them the others cannot come to the step at which they were to end.
                Boundary.EndAtOnce(transition);
                Rendezvous.PlanIfAllJoined(transition);
                transition.Tell(calling, LostCause(transition.State, lost));
                break;
            case JobPhase.BackingOff when !pool.IsEmpty && transition.State.Pool.Values.All(w => w.Draining):
                // Nobody is left to try again with.
                Rendezvous.Open(transition, GenerationCause.WorkerDrained, "all workers leave");
                break;
            case JobPhase.Leaving:
                if (transition.Current.Members.Values.Any(s => !IsThere(transition.State, s)))
                {
                    Draining.EndLeaving(transition);
                }
                break;
            case JobPhase.Starting or JobPhase.Running:
                OnPoolOfStarted(transition);
                break;
            case JobPhase.Recovering:
                Recovery.Adopt(transition);
                break;
        }
    }

    private static void OnPoolOfStarted(TransitionBuilder transition)
    {
        var lost = transition.Current.Members.Values.Where(s => !IsThere(transition.State, s)).Select(s => s.WorkerId).ToArray();
        if (lost.Length > 0)
        {
            if (transition.Current.ModelStoredAt is not null)
            {
                Ending.Succeed(transition);
            }
            else
            {
                Failures.FailGeneration(
                    transition,
                    GenerationCause.WorkerLost,
                    $"lost {string.Join(", ", lost)}",
                    LostCause(transition.State, lost)
                );
            }
            return;
        }
        var goneNewcomers = transition
            .Current.Newcomers.Values.Where(s => !IsThere(transition.State, s) || transition.State.Pool[s.WorkerId].Reclaim > 0)
            .Select(s => s.WorkerId)
            .ToArray();
        if (goneNewcomers.Length > 0)
        {
            transition.Current = transition.Current with { Newcomers = transition.Current.Newcomers.RemoveRange(goneNewcomers) };
            Newcomers.TakeIn(transition);
        }
        if (transition.State.Phase != JobPhase.Running)
        {
            return;
        }
        Newcomers.Note(transition);
        Draining.LetGo(transition);
    }

    private static FaultCause LostCause(JobMachineState state, IReadOnlyList<string> lost)
    {
        var whys = lost.Select(id =>
                state.Pool.ContainsKey(id) ? "its process was started anew" : state.Lost.GetValueOrDefault(id, "it is not there any more")
            )
            .Distinct(StringComparer.Ordinal);
        return new(FaultKind.WorkerLost, lost, $"lost: {string.Join("; ", whys)}");
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

    public static string Arrived(JobMachineState state) =>
        Alikeness.WithLeftAside(
            state,
            state.Started is null ? $"{state.Pool.Count} workers are there" : $"{state.Pool.Count} workers are there again"
        );

    /// <summary>Whether the process that belongs to the generation is still the job's.</summary>
    public static bool IsThere(JobMachineState state, GroupMember member) =>
        state.Pool.TryGetValue(member.WorkerId, out var worker) && worker.Incarnation == member.Incarnation;
}
