namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>When something is due for a job if nothing else happens.</summary>
internal static class DueTimes
{
    /// <summary>When <see cref="TimePassed"/> is due next; null: never, until something else happens.</summary>
    public static DateTimeOffset? Next(JobMachineState state, DateTimeOffset now, JobMachineOptions options)
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
                if (state.Current.FinishStep > 0)
                {
                    yield return state.Current.FinishBy;
                }
                foreach (var member in state.Current.Members.Values)
                {
                    yield return PrepareDue(state, member, state.PhaseSince, !state.Current.InvitationRepeated, options);
                }
                break;
            case JobPhase.Starting:
                if (!state.Current.InvitationRepeated)
                {
                    yield return state.PhaseSince + options.PlanRepeat;
                }
                yield return state.PhaseSince + options.StartTimeout;
                break;
            case JobPhase.Running:
                if (state.Current.ModelStoredAt is { } stored)
                {
                    yield return stored + options.CompletionGrace;
                    break;
                }
                yield return state.LastHeard + Boundary.Silence(state, options);
                foreach (var until in BackAgain(state, now))
                {
                    yield return until;
                }
                if (Newcomers.TakeInAt(state, options) is { } join)
                {
                    yield return join;
                }
                foreach (var member in state.Current.Newcomers.Values)
                {
                    yield return PrepareDue(state, member, member.InvitedAt, false, options);
                }
                break;
            case JobPhase.Recovering:
                yield return state.Current.RecoverUntil ?? state.PhaseSince + options.RecoverTimeout;
                break;
        }
    }

    private static IEnumerable<DateTimeOffset> BackAgain(JobMachineState state, DateTimeOffset now) =>
        state.LeftOut.Where(l => l.Value.Until > now && state.Pool.ContainsKey(l.Key)).Select(l => l.Value.Until);

    public static DateTimeOffset? Deadline(JobMachineState state) =>
        state.Spec.DeadlineSeconds > 0 ? state.Active.Reaches(TimeSpan.FromSeconds(state.Spec.DeadlineSeconds)) : null;

    public static DateTimeOffset PrepareDue(
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
        if (member.Joined is not null || state.Current.FinishStep > 0)
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
}
