using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>A job that has no workers stands in the queue, and says why.</summary>
internal static class Waiting
{
    /// <summary>Nobody is left to train with.</summary>
    public static void Enter(TransitionBuilder transition, string why)
    {
        var state = transition.State;
        if (state.Phase != JobPhase.Leaving && state.Pool.Values.Any(w => w.Reclaim > 0))
        {
            // They live and go to another job, unlike those that drain or are gone: they must know that this one is over for them.
            Ending.Dismiss(transition, why, keepState: true);
        }
        if (state.Queue.YieldsTo.Length > 0)
        {
            // It begins again when workers are free, as after a suspension: no recovery is measured, and its clock stands.
            transition.Change = new();
            transition.State = transition.State with
            {
                PreemptedFor = state.Queue.YieldsTo,
                Queue = QueueWord.None,
                Active = state.Active.Stop(transition.Now),
            };
            transition.Effects.Add(new CountPreemption());
            transition.Enter(JobPhase.Waiting, Reason(transition.State, ""));
            return;
        }
        transition.State = transition.State with { Queue = QueueWord.None };
        transition.Enter(JobPhase.Waiting, Reason(transition.State, $"waits for workers: {why}"));
    }

    /// <summary>Notes what the queue says of the job, and tells those who follow it what it asks of a job that trains.</summary>
    public static void NoteQueue(TransitionBuilder transition, QueueWord word)
    {
        if (word == transition.State.Queue)
        {
            return;
        }
        transition.State = transition.State with { Queue = word };
        if (transition.State.Phase == JobPhase.Waiting)
        {
            transition.State = transition.State with
            {
                Reason = Reason(transition.State, "waits for workers"),
                WaitedFor = word.Reason.Length > 0 ? word.Reason : transition.State.WaitedFor,
            };
        }
        else if (transition.State.Phase.WantsWorkers() && word.Reason.Length > 0)
        {
            transition.Log(LogSeverity.Info, "coordinator", word.Reason);
        }
    }

    /// <summary>Why it waits, for people.</summary>
    /// <param name="state">The job.</param>
    /// <param name="otherwise">What to say where the queue says nothing.</param>
    public static string Reason(JobMachineState state, string otherwise)
    {
        var reason =
            state.Queue.YieldsTo.Length > 0 ? ""
            : state.Queue.Reason.Length > 0 ? state.Queue.Reason
            : otherwise;
        var preempted = state.PreemptedFor.Length > 0 ? $"preempted for {state.PreemptedFor}" : "";
        return Alikeness.WithLeftAside(state, string.Join("; ", new[] { preempted, reason }.Where(part => part.Length > 0)));
    }
}
