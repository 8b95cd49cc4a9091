namespace TrainingCluster.Coordinator.Jobs.Machine;

// Changes that nobody's death forces: they wait for the boundary of a step.
public static partial class JobMachine
{
    /// <summary>Calls a generation with another share of the shards where the measured speeds are worth it.</summary>
    private static void ShareOutAnew(Turn turn)
    {
        var decision = Rebalance.Decide(turn.State, turn.Now, turn.Options.Rebalance);
        turn.State = turn.State with { BetterSince = decision.BetterSince };
        if (decision.Call)
        {
            CallAtBoundary(turn, GenerationCause.Rebalance, decision.Reason);
        }
    }

    /// <summary>
    /// Ends the running generation for a planned change: at a step that all members still have before them, so that none is
    /// broken off and all hold the same state. False: the job is done before that.
    /// </summary>
    private static bool CallAtBoundary(Turn turn, GenerationCause cause, string reason)
    {
        var progress = turn.State.Progress;
        var finish = BoundaryAhead(turn.State, turn.Options);
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
            && (finish - progress.Step) * progress.StepSeconds > turn.Options.DrainBoundary.TotalSeconds
        )
        {
            finish = 0;
        }
        turn.State = turn.State with { NoticedAt = turn.Now, Detected = TimeSpan.Zero, Discarded = 0 };
        if (finish == 0)
        {
            Discard(turn);
        }
        CallGeneration(turn, cause, reason, finishStep: finish);
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
        var ahead = Math.Clamp(Math.Ceiling(options.CallAhead.TotalSeconds / seconds), 1, 10_000);
        return Math.Max(state.Progress.Step, plan.BaseStep) + 1 + (long)ahead;
    }

    private static TimeSpan FinishPatience(Turn turn, GenerationCause cause, long finishStep)
    {
        if (cause == GenerationCause.WorkerDrained)
        {
            return turn.Options.DrainBoundary;
        }
        var expected = TimeSpan.FromSeconds(Math.Max(0, finishStep - turn.State.Progress.Step) * turn.State.Progress.StepSeconds);
        return 4 * expected > turn.Options.PrepareTimeout ? 4 * expected : turn.Options.PrepareTimeout;
    }

    /// <summary>Whoever has not come to the step at which the older generation was to end ends it where it is.</summary>
    private static void EndAtOnce(Turn turn)
    {
        if (turn.State.FinishStep == 0)
        {
            return;
        }
        turn.State = turn.State with { FinishStep = 0, PhaseSince = turn.Now, Discarded = turn.State.Discarded + 1 };
        turn.Effects.Add(new CountDiscarded(1));
        foreach (var seat in turn.State.Seats.Values.Where(s => s.Prepared is null))
        {
            Call(turn, seat.WorkerId, turn.State.Generation);
        }
    }

    /// <summary>A step that members were computing is broken off.</summary>
    private static void Discard(Turn turn)
    {
        if (turn.State.Phase != JobPhase.Running || turn.State.ModelStoredAt is not null)
        {
            return;
        }
        turn.State = turn.State with { Discarded = turn.State.Discarded + 1 };
        turn.Effects.Add(new CountDiscarded(1));
    }

    /// <summary>A step of the older generation, which its members still bring to an end in order.</summary>
    private static bool IsFinishing(JobMachineState state, long generation, string workerId) =>
        state is { Phase: JobPhase.Preparing, FinishStep: > 0, Plan: { } older }
        && older.Generation == generation
        && older.Members.Any(m => m.WorkerId == workerId);
}
