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
        transition.Enter(JobPhase.Suspended, "suspended by request");
    }

    public static void Resume(TransitionBuilder transition)
    {
        if (transition.State.Phase != JobPhase.Suspended)
        {
            return;
        }
        transition.State = transition.State with { FailuresInARow = 0, NotBefore = null, LeftOut = transition.State.LeftOut.Clear() };
        transition.Enter(JobPhase.Waiting, "resumed; waits for workers");
        Rendezvous.Open(transition, GenerationCause.Start, "resumed");
    }
}
