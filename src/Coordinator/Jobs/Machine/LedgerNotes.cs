using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The record of who computed what.</summary>
internal static class LedgerNotes
{
    /// <summary>Writes down a plan, and with it what the base state says about the generation that had made it.</summary>
    public static void NotePlan(TransitionBuilder transition, StartGeneration plan)
    {
        var origin = Origin(transition.State, plan);
        NoteReached(transition, origin, plan.BaseStep);
        var entry = new LedgerEntry(plan, origin, transition.Now, plan.BaseStep);
        transition.State = transition.State with { Ledger = transition.State.Ledger.SetItem(plan.Generation, entry) };
    }

    /// <summary>A step was done in a generation.</summary>
    public static void NoteReached(TransitionBuilder transition, long generation, long step)
    {
        if (transition.State.Ledger.TryGetValue(generation, out var entry) && entry.Reached < step)
        {
            transition.State = transition.State with
            {
                Ledger = transition.State.Ledger.SetItem(generation, entry with { Reached = step }),
            };
        }
    }

    /// <summary>The generation that had made the state which a plan goes on from; 0: the seed, or nobody knows.</summary>
    private static long Origin(JobMachineState state, StartGeneration plan)
    {
        if (plan.BaseStep == 0)
        {
            return 0;
        }
        if (plan.CheckpointId.Length > 0)
        {
            return state.CheckpointGeneration;
        }
        // A member's state moves on only in generations that have it as a member, and one that began beyond the state did not move it.
        var source = plan.Members.First(m => m.HasBaseState);
        return state
                .Ledger.Values.Reverse()
                .FirstOrDefault(e =>
                    e.BaseStep <= plan.BaseStep
                    && e.Plan.Members.Any(m => m.WorkerId == source.WorkerId && m.Incarnation == source.Incarnation)
                )
                ?.Generation
            ?? 0;
    }
}
