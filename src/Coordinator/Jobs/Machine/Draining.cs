using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Members that drain: they are let go, and what only they hold is stored first.</summary>
internal static class Draining
{
    /// <summary>Workers that must not go yet: the members, and between two generations who holds the newest state.</summary>
    public static IReadOnlySet<string> Held(JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var held = state.Current.Members.Keys.ToHashSet(StringComparer.Ordinal);
        if (state.Phase == JobPhase.BackingOff && NewestHolder(state, draining: false) is { } holder)
        {
            held.Add(holder.Id);
        }
        // One stores the state, of which the others hold parts.
        if (state.Phase == JobPhase.Leaving && state.Spec.Training.OptimizerSharding)
        {
            held.UnionWith(state.Pool.Values.Where(w => w.Claim is { HasState: true }).Select(w => w.Id));
        }
        return held;
    }

    /// <summary>
    /// A member that drains is let go as soon as another holds the state; where all drain, the newest state is stored first.
    /// </summary>
    public static void LetGo(TransitionBuilder transition)
    {
        var state = transition.State;
        var draining = state.Current.Members.Keys.Where(id => state.Pool[id].Draining).ToArray();
        if (state.Phase != JobPhase.Running || draining.Length == 0 || state.Current.ModelStoredAt is not null)
        {
            return;
        }
        var (cause, reason) = Why(state, draining);
        if (draining.Length < state.Current.Members.Count)
        {
            Boundary.OpenRendezvous(transition, cause, reason);
            return;
        }
        // Newcomers take over.
        if (Rendezvous.Allowed(state, transition.Now).Any(w => !w.Draining))
        {
            return;
        }
        transition.Change = new() { Cause = cause, NoticedAt = transition.Now };
        Rendezvous.Open(transition, cause, reason);
    }

    /// <summary>Why workers that drain go: by themselves, or because the queue asks them back.</summary>
    public static (GenerationCause Cause, string Reason) Why(JobMachineState state, IEnumerable<string> draining)
    {
        var ids = draining.ToArray();
        var names = string.Join(", ", ids);
        return state.Queue.YieldsTo.Length > 0 ? (GenerationCause.Preempted, $"preempted for {state.Queue.YieldsTo}")
            : ids.All(id => state.Pool.TryGetValue(id, out var worker) && worker.Reclaim > 0)
                ? (GenerationCause.WorkerReclaimed, state.Queue.Reason.Length > 0 ? state.Queue.Reason : $"{names} is asked back")
            : (GenerationCause.WorkerDrained, $"{names} leaves");
    }

    public static bool AllDrain(JobMachineState state) =>
        !state.Current.Members.IsEmpty
        && state.Current.Members.Keys.All(id => state.Pool.TryGetValue(id, out var worker) && worker.Draining);

    /// <summary>Who (of those that drain, or of all) holds a state that is newer than every checkpoint; null: nobody.</summary>
    public static PoolWorker? NewestHolder(JobMachineState state, bool draining)
    {
        return state.Pool.Values.Where(w => w.Draining || !draining).Where(w => Held(w) > state.CheckpointStep).MaxBy(Held);

        // Members of a running generation have come to the newest step, whatever they said at their last registration.
        long Held(PoolWorker worker) =>
            state.Phase == JobPhase.Running && state.Current.Members.ContainsKey(worker.Id)
                ? Math.Max(state.Progress.Step, state.Plan!.BaseStep)
            : worker.Claim is { HasState: true } claim ? claim.CompletedStep
            : -1;
    }

    /// <summary>Everybody leaves: one stores the state that only they hold, the others may go at once.</summary>
    public static void Leave(TransitionBuilder transition, PoolWorker holder, string reason)
    {
        Ending.Dismiss(transition, reason, keepState: true, holder.Id);
        transition.Current = transition.Current with
        {
            Members = transition.Current.Members.SetItem(holder.Id, new(holder.Id, holder.Incarnation)),
        };
        transition.Enter(JobPhase.Leaving, $"{holder.Id} stores the state before it goes: {reason}");
    }

    public static void OnStopped(TransitionBuilder transition, JobHeader header)
    {
        if (
            transition.State.Phase == JobPhase.Leaving
            && header.Generation == transition.State.Generation
            && transition.Current.Members.ContainsKey(header.WorkerId)
        )
        {
            EndLeaving(transition);
        }
    }

    /// <summary>The state is stored, or cannot be: on with whoever is there by now.</summary>
    public static void EndLeaving(TransitionBuilder transition) =>
        Rendezvous.Open(transition, GenerationCause.WorkerDrained, $"{string.Join(", ", transition.Current.Members.Keys)} has left");
}
