using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What is done when time has passed.</summary>
internal static class Passing
{
    public static void OnTime(TransitionBuilder transition)
    {
        if (transition.State.Phase.HasEnded())
        {
            return;
        }
        if (DueTimes.Deadline(transition.State) is { } deadline && deadline <= transition.Now)
        {
            Ending.Fail(transition, $"the deadline of {transition.State.Spec.DeadlineSeconds} s after the start has passed", []);
            return;
        }
        switch (transition.State.Phase)
        {
            case JobPhase.Waiting:
                Rendezvous.Open(transition, transition.Change.Cause, Pool.Arrived(transition.State));
                break;
            case JobPhase.BackingOff when transition.State.NotBefore is null || transition.State.NotBefore <= transition.Now:
                Rendezvous.Open(transition, transition.Change.Cause, transition.State.Reason);
                break;
            case JobPhase.Preparing:
                OnTimePreparing(transition);
                break;
            case JobPhase.Leaving when transition.State.PhaseSince + transition.Options.LeaveTimeout <= transition.Now:
                Draining.EndLeaving(transition);
                break;
            case JobPhase.Starting when transition.State.PhaseSince + transition.Options.StartTimeout <= transition.Now:
                var late = transition.Current.Members.Values.Where(s => !s.Started).Select(s => s.WorkerId).ToArray();
                Failures.LeaveOut(transition, late, "did not start in time");
                Failures.FailGeneration(
                    transition,
                    GenerationCause.TimedOut,
                    $"{string.Join(", ", late)} did not start in time",
                    new(FaultKind.TimedOut, late, $"did not start within {Duration.Format(transition.Options.StartTimeout)}")
                );
                break;
            case JobPhase.Starting
                when !transition.Current.InvitationRepeated
                    && transition.State.PhaseSince + transition.Options.PlanRepeat <= transition.Now:
                RepeatPlan(transition);
                break;
            case JobPhase.Running:
                OnTimeRunning(transition);
                break;
            case JobPhase.Recovering
                when (transition.Current.RecoverUntil ?? transition.State.PhaseSince + transition.Options.RecoverTimeout) <= transition.Now:
                Recovery.GiveUp(transition);
                break;
        }
    }

    private static void RepeatPlan(TransitionBuilder transition)
    {
        var plan = transition.State.Plan!;
        transition.Current = transition.Current with { InvitationRepeated = true };
        foreach (
            var member in transition.Current.Members.Values.Where(s =>
                !s.Started && !Works(transition.State.Pool.GetValueOrDefault(s.WorkerId)?.Claim)
            )
        )
        {
            transition.Send(member.WorkerId, plan);
        }

        bool Works(WorkerClaim? claim) => claim is { Training: true } && claim.Generation == plan.Generation;
    }

    private static void OnTimePreparing(TransitionBuilder transition)
    {
        if (transition.Current.FinishStep > 0 && transition.Current.FinishBy <= transition.Now)
        {
            Boundary.EndAtOnce(transition);
        }
        var state = transition.State;
        var unheard = state.Current.Members.Values.Where(s => !s.Acknowledged).ToArray();
        if (
            !state.Current.InvitationRepeated
            && unheard.Any(s => DueTimes.PrepareDue(state, s, state.PhaseSince, true, transition.Options) <= transition.Now)
        )
        {
            transition.Current = state.Current with { InvitationRepeated = true };
            foreach (var member in unheard)
            {
                Rendezvous.Invite(transition, member.WorkerId, state.Generation);
            }
        }
        var late = state
            .Current.Members.Values.Where(s => DueTimes.PrepareDue(state, s, state.PhaseSince, false, transition.Options) <= transition.Now)
            .ToArray();
        if (late.Length == 0)
        {
            return;
        }
        foreach (var member in late)
        {
            Failures.LeaveOut(transition, [member.WorkerId], member.Acknowledged ? "did not end its work in time" : "does not answer");
        }
        Boundary.EndAtOnce(transition);
        Rendezvous.PlanIfAllJoined(transition);
    }

    private static void OnTimeRunning(TransitionBuilder transition)
    {
        var state = transition.State;
        if (state.Current.ModelStoredAt is { } stored)
        {
            if (stored + transition.Options.CompletionGrace <= transition.Now)
            {
                Ending.Succeed(transition);
            }
        }
        else if (Boundary.Silence(state, transition.Options) is var limit && state.LastHeard + limit <= transition.Now)
        {
            var silence = $"no member has said anything for {limit.TotalMinutes:0.#} min";
            Failures.FailGeneration(
                transition,
                GenerationCause.TimedOut,
                silence,
                new(FaultKind.TimedOut, [.. state.Current.Members.Keys], silence)
            );
        }
        else
        {
            var late = state
                .Current.Newcomers.Values.Where(s =>
                    DueTimes.PrepareDue(state, s, s.InvitedAt, false, transition.Options) <= transition.Now
                )
                .Select(s => s.WorkerId)
                .ToArray();
            Failures.LeaveOut(transition, late, "did not prepare in time");
            Newcomers.Note(transition);
            Newcomers.TakeIn(transition);
        }
    }
}
