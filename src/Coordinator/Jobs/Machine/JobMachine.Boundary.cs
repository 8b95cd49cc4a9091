namespace TrainingCluster.Coordinator.Jobs.Machine;

// Changes that nobody's death forces: they wait for the boundary of a step.
public static partial class JobMachine
{
    /// <summary>Calls a generation with another share of the shards where the measured speeds are worth it.</summary>
    private static void ShareOutAnew(TransitionBuilder transition)
    {
        var decision = Rebalance.Decide(transition.State, transition.Now, transition.Options.Rebalance);
        transition.State = transition.State with { BetterSince = decision.BetterSince };
        if (decision.Rebalance)
        {
            RendezvousAtBoundary(transition, GenerationCause.Rebalance, decision.Reason);
        }
    }

    /// <summary>
    /// Ends the running generation for a planned change: at a step that all members still have before them, so that none is
    /// broken off and all hold the same state. False: the job is done before that.
    /// </summary>
    private static bool RendezvousAtBoundary(TransitionBuilder transition, GenerationCause cause, string reason)
    {
        var progress = transition.State.Progress;
        var finish = BoundaryAhead(transition.State, transition.Options);
        if (finish > 0 && progress.TotalSteps > 0 && finish >= progress.TotalSteps)
        {
            if (cause != GenerationCause.WorkerDrained)
            {
                return false;
            }
            finish = 0;
        }
        if (
            cause == GenerationCause.WorkerDrained
            && (finish - progress.Step) * progress.StepSeconds > transition.Options.DrainBoundary.TotalSeconds
        )
        {
            finish = 0;
        }
        transition.State = transition.State with { NoticedAt = transition.Now, Detected = TimeSpan.Zero, Discarded = 0 };
        if (finish == 0)
        {
            Discard(transition);
        }
        OpenRendezvous(transition, cause, reason, finishStep: finish);
        return true;
    }

    /// <summary>The next step that no member can have begun before it hears of it; 0: not known.</summary>
    private static long BoundaryAhead(JobMachineState state, JobMachineOptions options)
    {
        var seconds = state.Progress.StepSeconds;
        if (state.Phase != JobPhase.Running || seconds <= 0 || state.Plan is not { } plan)
        {
            return 0;
        }
        var ahead = Math.Clamp(Math.Ceiling(options.RendezvousAhead.TotalSeconds / seconds), 1, 10_000);
        return Math.Max(state.Progress.Step, plan.BaseStep) + 1 + (long)ahead;
    }

    private static TimeSpan FinishTimeout(TransitionBuilder transition, GenerationCause cause, long finishStep)
    {
        if (cause == GenerationCause.WorkerDrained)
        {
            return transition.Options.DrainBoundary;
        }
        var expected = TimeSpan.FromSeconds(
            Math.Max(0, finishStep - transition.State.Progress.Step) * transition.State.Progress.StepSeconds
        );
        return 4 * expected > transition.Options.PrepareTimeout ? 4 * expected : transition.Options.PrepareTimeout;
    }

    /// <summary>Whoever has not come to the step at which the older generation was to end ends it where it is.</summary>
    private static void EndAtOnce(TransitionBuilder transition)
    {
        if (transition.State.FinishStep == 0)
        {
            return;
        }
        transition.State = transition.State with
        {
            FinishStep = 0,
            PhaseSince = transition.Now,
            Discarded = transition.State.Discarded + 1,
        };
        transition.Effects.Add(new CountDiscarded(1));
        foreach (var member in transition.State.Members.Values.Where(s => s.Joined is null))
        {
            Invite(transition, member.WorkerId, transition.State.Generation);
        }
    }

    /// <summary>A step that members were computing is broken off.</summary>
    private static void Discard(TransitionBuilder transition)
    {
        if (transition.State.Phase != JobPhase.Running || transition.State.ModelStoredAt is not null)
        {
            return;
        }
        transition.State = transition.State with { Discarded = transition.State.Discarded + 1 };
        transition.Effects.Add(new CountDiscarded(1));
    }

    /// <summary>A step of the older generation, which its members still bring to an end in order.</summary>
    private static bool IsFinishing(JobMachineState state, long generation, string workerId) =>
        state is { Phase: JobPhase.Preparing, FinishStep: > 0, Plan: { } older }
        && older.Generation == generation
        && older.Members.Any(m => m.WorkerId == workerId);
}
