namespace TrainingCluster.Coordinator.Jobs.Machine;

// What is due when time passes.
public static partial class JobMachine
{
    /// <summary>When <see cref="TimePassed"/> is due next; null: never, until something else happens.</summary>
    public static DateTimeOffset? NextWake(JobMachineState state, DateTimeOffset now, JobMachineOptions options)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(options);
        var due = Due(state, now, options).Where(at => at < DateTimeOffset.MaxValue).ToArray();
        return due.Length == 0 ? null : due.Min();
    }

    private static IEnumerable<DateTimeOffset> Due(JobMachineState state, DateTimeOffset now, JobMachineOptions options)
    {
        if (state.Phase.HasEnded())
        {
            yield break;
        }
        if (Deadline(state) is { } deadline)
        {
            yield return deadline;
        }
        switch (state.Phase)
        {
            case JobPhase.Waiting:
                foreach (var until in BackAgain(state, now))
                {
                    yield return until;
                }
                break;
            case JobPhase.BackingOff:
                yield return state.NotBefore ?? state.PhaseSince;
                break;
            case JobPhase.Leaving:
                yield return state.PhaseSince + options.LeaveTimeout;
                break;
            case JobPhase.Preparing:
                if (state.FinishStep > 0)
                {
                    yield return state.FinishBy;
                }
                foreach (var member in state.Members.Values)
                {
                    yield return PrepareDue(state, member, state.PhaseSince, !state.InvitationRepeated, options);
                }
                break;
            case JobPhase.Starting:
                if (!state.InvitationRepeated)
                {
                    yield return state.PhaseSince + options.PlanRepeat;
                }
                yield return state.PhaseSince + options.StartTimeout;
                break;
            case JobPhase.Running:
                if (state.ModelStoredAt is { } stored)
                {
                    yield return stored + options.CompletionGrace;
                    break;
                }
                yield return state.LastHeard + options.StallTimeout;
                foreach (var until in BackAgain(state, now))
                {
                    yield return until;
                }
                if (TakeInAt(state, options) is { } join)
                {
                    yield return join;
                }
                foreach (var member in state.Newcomers.Values)
                {
                    yield return PrepareDue(state, member, member.InvitedAt, false, options);
                }
                break;
            case JobPhase.Recovering:
                yield return state.RecoverUntil ?? state.PhaseSince + options.RecoverTimeout;
                break;
        }
    }

    private static IEnumerable<DateTimeOffset> BackAgain(JobMachineState state, DateTimeOffset now) =>
        state.LeftOut.Where(l => l.Value.Until > now && state.Pool.ContainsKey(l.Key)).Select(l => l.Value.Until);

    private static DateTimeOffset? Deadline(JobMachineState state) =>
        state.Spec.DeadlineSeconds > 0 && state.Started is { } started ? started + TimeSpan.FromSeconds(state.Spec.DeadlineSeconds) : null;

    private static DateTimeOffset PrepareDue(
        JobMachineState state,
        GroupMember member,
        DateTimeOffset called,
        bool mayRepeat,
        JobMachineOptions options
    )
    {
        if (!member.Acknowledged)
        {
            var timeout = AcknowledgeTimeout(state, member, options);
            return called + (mayRepeat ? timeout / 2 : timeout);
        }
        if (member.Joined is not null || state.FinishStep > 0)
        {
            return DateTimeOffset.MaxValue;
        }
        var trained = state.Pool.TryGetValue(member.WorkerId, out var worker) && worker.Claim is { HasState: true };
        return called + (trained ? options.PrepareTimeout : options.NewcomerTimeout);
    }

    /// <summary>
    /// Twice as long with each time in a row that the worker was left out: one that lives on a machine that does much else may
    /// be late every time, and a job of such workers would never start.
    /// </summary>
    private static TimeSpan AcknowledgeTimeout(JobMachineState state, GroupMember member, JobMachineOptions options)
    {
        var first = member.Suspected ? options.SuspectTimeout : options.AcknowledgeTimeout;
        var failures =
            state.LeftOut.TryGetValue(member.WorkerId, out var left) && left.Incarnation == member.Incarnation ? left.Failures : 0;
        return TimeSpan.FromTicks(Math.Min(first.Ticks << Math.Min(failures, 20), Math.Max(first.Ticks, options.BackOffLimit.Ticks)));
    }

    private static void OnTime(TransitionBuilder transition)
    {
        if (transition.State.Phase.HasEnded())
        {
            return;
        }
        if (Deadline(transition.State) is { } deadline && deadline <= transition.Now)
        {
            End(transition, JobPhase.Failed, $"the deadline of {transition.State.Spec.DeadlineSeconds} s after the start has passed");
            return;
        }
        switch (transition.State.Phase)
        {
            case JobPhase.Waiting:
                OpenRendezvous(transition, transition.State.Cause, Arrived(transition.State));
                break;
            case JobPhase.BackingOff when transition.State.NotBefore is null || transition.State.NotBefore <= transition.Now:
                OpenRendezvous(transition, transition.State.Cause, transition.State.Reason);
                break;
            case JobPhase.Preparing:
                OnTimePreparing(transition);
                break;
            case JobPhase.Leaving when transition.State.PhaseSince + transition.Options.LeaveTimeout <= transition.Now:
                EndLeaving(transition);
                break;
            case JobPhase.Starting when transition.State.PhaseSince + transition.Options.StartTimeout <= transition.Now:
                var late = transition.State.Members.Values.Where(s => !s.Started).Select(s => s.WorkerId).ToArray();
                LeaveOut(transition, late, "did not start in time");
                FailGeneration(transition, GenerationCause.TimedOut, $"{string.Join(", ", late)} did not start in time");
                break;
            case JobPhase.Starting
                when !transition.State.InvitationRepeated && transition.State.PhaseSince + transition.Options.PlanRepeat <= transition.Now:
                RepeatPlan(transition);
                break;
            case JobPhase.Running:
                OnTimeRunning(transition);
                break;
            case JobPhase.Recovering
                when (transition.State.RecoverUntil ?? transition.State.PhaseSince + transition.Options.RecoverTimeout) <= transition.Now:
                GiveUpRecovering(transition);
                break;
        }
    }

    private static void RepeatPlan(TransitionBuilder transition)
    {
        var plan = transition.State.Plan!;
        transition.State = transition.State with { InvitationRepeated = true };
        foreach (
            var member in transition.State.Members.Values.Where(s =>
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
        if (transition.State.FinishStep > 0 && transition.State.FinishBy <= transition.Now)
        {
            EndAtOnce(transition);
        }
        var state = transition.State;
        var unheard = state.Members.Values.Where(s => !s.Acknowledged).ToArray();
        if (
            !state.InvitationRepeated
            && unheard.Any(s => PrepareDue(state, s, state.PhaseSince, true, transition.Options) <= transition.Now)
        )
        {
            transition.State = state with { InvitationRepeated = true };
            foreach (var member in unheard)
            {
                Invite(transition, member.WorkerId, state.Generation);
            }
        }
        var late = state
            .Members.Values.Where(s => PrepareDue(state, s, state.PhaseSince, false, transition.Options) <= transition.Now)
            .ToArray();
        if (late.Length == 0)
        {
            return;
        }
        foreach (var member in late)
        {
            LeaveOut(transition, [member.WorkerId], member.Acknowledged ? "did not end its work in time" : "does not answer");
        }
        EndAtOnce(transition);
        PlanIfAllJoined(transition);
    }

    private static void OnTimeRunning(TransitionBuilder transition)
    {
        var state = transition.State;
        if (state.ModelStoredAt is { } stored)
        {
            if (stored + transition.Options.CompletionGrace <= transition.Now)
            {
                Succeed(transition);
            }
        }
        else if (state.LastHeard + transition.Options.StallTimeout <= transition.Now)
        {
            FailGeneration(
                transition,
                GenerationCause.TimedOut,
                $"no member has said anything for {transition.Options.StallTimeout.TotalMinutes:0.#} min"
            );
        }
        else
        {
            var late = state
                .Newcomers.Values.Where(s => PrepareDue(state, s, s.InvitedAt, false, transition.Options) <= transition.Now)
                .Select(s => s.WorkerId)
                .ToArray();
            LeaveOut(transition, late, "did not prepare in time");
            NoteNewcomers(transition);
            TakeIn(transition);
        }
    }
}
