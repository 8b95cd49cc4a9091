using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// Members that drain: they are let go, and what only they hold is stored first.
public static partial class JobMachine
{
    /// <summary>Workers that must not go yet: the members, and between two generations who holds the newest state.</summary>
    public static IReadOnlySet<string> Held(JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var held = state.Seats.Keys.ToHashSet(StringComparer.Ordinal);
        if (state.Phase == JobPhase.BackingOff && NewestHolder(state, draining: false) is { } holder)
        {
            held.Add(holder.Id);
        }
        return held;
    }

    /// <summary>
    /// A member that drains is let go as soon as another holds the state; where all drain, the newest state is stored first.
    /// </summary>
    private static void LetDrainingGo(Turn turn)
    {
        var state = turn.State;
        var draining = state.Seats.Keys.Where(id => state.Pool[id].Draining).ToArray();
        if (state.Phase != JobPhase.Running || draining.Length == 0 || state.ModelStoredAt is not null)
        {
            return;
        }
        var reason = $"{string.Join(", ", draining)} leaves";
        if (draining.Length < state.Seats.Count)
        {
            CallAtBoundary(turn, GenerationCause.WorkerDrained, reason);
            return;
        }
        // Newcomers take over.
        if (Allowed(state, turn.Now).Any(w => !w.Draining))
        {
            return;
        }
        turn.State = state with { NoticedAt = turn.Now, Detected = TimeSpan.Zero, Discarded = 0 };
        CallGeneration(turn, GenerationCause.WorkerDrained, reason);
    }

    private static bool AllDrain(JobMachineState state) =>
        !state.Seats.IsEmpty && state.Seats.Keys.All(id => state.Pool.TryGetValue(id, out var worker) && worker.Draining);

    /// <summary>Who (of those that drain, or of all) holds a state that is newer than every checkpoint; null: nobody.</summary>
    private static PoolWorker? NewestHolder(JobMachineState state, bool draining)
    {
        return state.Pool.Values.Where(w => w.Draining || !draining).Where(w => Held(w) > state.CheckpointStep).MaxBy(Held);

        // Members of a running generation have come to the newest step, whatever they said at their last registration.
        long Held(PoolWorker worker) =>
            state.Phase == JobPhase.Running && state.Seats.ContainsKey(worker.Id) ? Math.Max(state.Progress.Step, state.Plan!.BaseStep)
            : worker.Claim is { HasState: true } claim ? claim.CompletedStep
            : -1;
    }

    /// <summary>Everybody leaves: one stores the state that only they hold, the others may go at once.</summary>
    private static void Leave(Turn turn, PoolWorker holder, string reason)
    {
        Dismiss(turn, reason, keepState: true, holder.Id);
        turn.State = turn.State with { Seats = turn.State.Seats.SetItem(holder.Id, new(holder.Id, holder.Incarnation)) };
        turn.Enter(JobPhase.Leaving, $"{holder.Id} stores the state before it goes: {reason}");
    }

    private static void OnStopped(Turn turn, TrainingStopped message)
    {
        if (
            turn.State.Phase == JobPhase.Leaving
            && message.Generation == turn.State.Generation
            && turn.State.Seats.ContainsKey(message.WorkerId)
        )
        {
            EndLeaving(turn);
        }
    }

    /// <summary>The state is stored, or cannot be: on with whoever is there by now.</summary>
    private static void EndLeaving(Turn turn) =>
        CallGeneration(turn, GenerationCause.WorkerDrained, $"{string.Join(", ", turn.State.Seats.Keys)} has left");
}
