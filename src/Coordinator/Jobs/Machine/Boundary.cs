using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Changes that nobody's death forces: they wait for the boundary of a step.</summary>
internal static class Boundary
{
    private static readonly TimeSpan s_longestRound = TimeSpan.FromHours(24);

    /// <summary>Calls a generation with another share of the shards where the measured speeds are worth it.</summary>
    public static void ShareOutAnew(TransitionBuilder transition)
    {
        var decision = Rebalance.Decide(transition.State, transition.Now, transition.Options.Rebalance);
        transition.Current = transition.Current with { BetterSince = decision.BetterSince };
        if (decision.Rebalance)
        {
            OpenRendezvous(transition, GenerationCause.Rebalance, decision.Reason);
        }
    }

    /// <summary>
    /// Ends the running generation for a planned change: at a step that all members still have before them, so that none is
    /// broken off and all hold the same state. False: the job is done before that.
    /// </summary>
    public static bool OpenRendezvous(TransitionBuilder transition, GenerationCause cause, string reason)
    {
        var progress = transition.State.Progress;
        var finish = Ahead(transition.State, transition.Options);
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
        transition.Change = new() { Cause = cause, NoticedAt = transition.Now };
        if (finish == 0)
        {
            Discard(transition);
        }
        Rendezvous.Open(transition, cause, reason, finishStep: finish);
        return true;
    }

    /// <summary>The next step that no member can have begun before it hears of it; 0: not known.</summary>
    private static long Ahead(JobMachineState state, JobMachineOptions options)
    {
        var seconds = state.Progress.StepSeconds;
        if (state.Phase != JobPhase.Running || seconds <= 0 || state.Plan is not { } plan)
        {
            return 0;
        }
        var ahead = Math.Clamp(Math.Ceiling(options.RendezvousAhead.TotalSeconds / seconds), 1, 10_000);
        // Members hold a state at the end of a round only.
        return RoundsOf(state).Last(Math.Max(state.Progress.Step, plan.BaseStep) + 1 + (long)ahead);
    }

    public static TimeSpan FinishTimeout(TransitionBuilder transition, GenerationCause cause, long finishStep)
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

    /// <summary>
    /// How long a running generation may be silent: <see cref="JobMachineOptions.StallTimeout"/>, or longer where a round of DiLoCo
    /// takes longer, in which its members have nothing to say.
    /// </summary>
    public static TimeSpan Silence(JobMachineState state, JobMachineOptions options)
    {
        var steps = RoundsOf(state).Longest;
        if (steps == 1)
        {
            return options.StallTimeout;
        }
        // Before the first round is done nobody knows how long a step takes.
        var round = state.Progress.StepSeconds > 0 ? 4 * steps * state.Progress.StepSeconds : steps * options.StallTimeout.TotalSeconds;
        return TimeSpan.FromSeconds(Math.Max(options.StallTimeout.TotalSeconds, Math.Min(round, s_longestRound.TotalSeconds)));
    }

    /// <summary>Whoever has not come to the step at which the older generation was to end ends it where it is.</summary>
    public static void EndAtOnce(TransitionBuilder transition)
    {
        if (transition.Current.FinishStep == 0)
        {
            return;
        }
        transition.Current = transition.Current with { FinishStep = 0 };
        transition.State = transition.State with { PhaseSince = transition.Now };
        DiscardRound(transition);
        foreach (var member in transition.Current.Members.Values.Where(s => s.Joined is null))
        {
            Rendezvous.Invite(transition, member.WorkerId, transition.State.Generation);
        }
    }

    /// <summary>A step (DiLoCo: a round) that members were computing is broken off.</summary>
    public static void Discard(TransitionBuilder transition)
    {
        if (transition.State.Phase != JobPhase.Running || transition.Current.ModelStoredAt is not null)
        {
            return;
        }
        DiscardRound(transition);
    }

    private static void DiscardRound(TransitionBuilder transition)
    {
        var rounds = RoundsOf(transition.State);
        var next = transition.State.Progress.Step + 1;
        transition.Discard(rounds.Last(next) - rounds.Before(next));
    }

    private static Rounds RoundsOf(JobMachineState state) => Rounds.Of(state.Spec.Training, state.Progress.TotalSteps);

    /// <summary>A step of the older generation, which its members still bring to an end in order.</summary>
    public static bool IsFinishing(JobMachineState state, long generation, string workerId) =>
        state is { Phase: JobPhase.Preparing, Current.FinishStep: > 0, Plan: { } older }
        && older.Generation == generation
        && older.Members.Any(m => m.WorkerId == workerId);
}
