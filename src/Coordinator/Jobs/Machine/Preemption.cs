using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Workers that the queue asks back: some of a job's, or all of them, which suspends it until others are free.</summary>
internal static class Preemption
{
    /// <summary>
    /// Numbers of those that the job has let go: no generation of it holds them, and nobody needs the state that they hold.
    /// </summary>
    public static ImmutableHashSet<long> Released(JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        // Who trains on without the coordinator is not known to be free.
        if (state.Phase == JobPhase.Recovering)
        {
            return [];
        }
        var held = Draining.Held(state);
        return [.. state.Pool.Values.Where(w => w.Reclaim > 0 && !held.Contains(w.Id)).Select(w => w.Reclaim)];
    }

    /// <summary>
    /// Ends a preempted job's generation: at the end of a step where it trains, else at once. The newest state is stored then, and the
    /// job waits.
    /// </summary>
    /// <returns>False: it is not preempted, or it is on its way already, or about to end anyway.</returns>
    public static bool Yields(TransitionBuilder transition)
    {
        var state = transition.State;
        if (state.Queue.YieldsTo.Length == 0 || state.Current.ModelStoredAt is not null || state.Current.FinishStep > 0)
        {
            return false;
        }
        var reason = $"preempted for {state.Queue.YieldsTo}";
        switch (state.Phase)
        {
            // Somebody who is gone cannot come to the end of a step.
            case JobPhase.Running when state.Current.Members.Keys.All(id => Pool.IsThere(state, state.Current.Members[id])):
                Boundary.OpenRendezvous(transition, GenerationCause.Preempted, reason);
                return true;
            case JobPhase.Preparing or JobPhase.Starting or JobPhase.BackingOff:
                transition.Change = new() { Cause = GenerationCause.Preempted, NoticedAt = transition.Now };
                Rendezvous.Open(transition, GenerationCause.Preempted, reason);
                return true;
            default:
                return false;
        }
    }
}
