using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What the user wants of a job: cancel, suspend, resume.</summary>
internal static class Commands
{
    public static void Cancel(TransitionBuilder transition, CancelRequested cancel)
    {
        if (transition.State.Phase.HasEnded())
        {
            return;
        }
        Ending.End(transition, JobPhase.Cancelled, cancel.Reason.Length == 0 ? "cancelled" : $"cancelled: {cancel.Reason}");
    }

    public static void Suspend(TransitionBuilder transition)
    {
        if (!transition.State.Phase.WantsWorkers())
        {
            return;
        }
        if (transition.Current.ModelStoredAt is not null)
        {
            Ending.Succeed(transition);
            return;
        }
        var holder = Draining.NewestHolder(transition.State, draining: false);
        Ending.Dismiss(transition, "suspended", keepState: true, holder?.Id);
        transition.State = transition.State with { Active = transition.State.Active.Stop(transition.Now) };
        transition.Enter(JobPhase.Suspended, "suspended by request");
    }

    public static void Resume(TransitionBuilder transition)
    {
        if (transition.State.Phase != JobPhase.Suspended)
        {
            return;
        }
        var state = transition.State;
        transition.State = state with
        {
            FailuresInARow = 0,
            NotBefore = null,
            LeftOut = state.LeftOut.Clear(),
            // Of a job that never began, the clock starts with its first generation.
            Active = state.Started is null ? state.Active : state.Active.Start(transition.Now),
        };
        transition.Enter(JobPhase.Waiting, "resumed; waits for workers");
        Rendezvous.Open(transition, GenerationCause.Start, "resumed");
    }
}
