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
                foreach (var seat in state.Seats.Values)
                {
                    yield return PrepareDue(state, seat, state.PhaseSince, !state.CallRepeated, options);
                }
                break;
            case JobPhase.Starting:
                if (!state.CallRepeated)
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
                foreach (var seat in state.Newcomers.Values)
                {
                    yield return PrepareDue(state, seat, seat.CalledAt, false, options);
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
        Seat seat,
        DateTimeOffset called,
        bool mayRepeat,
        JobMachineOptions options
    )
    {
        if (!seat.Acknowledged)
        {
            var patience = AcknowledgePatience(state, seat, options);
            return called + (mayRepeat ? patience / 2 : patience);
        }
        if (seat.Prepared is not null || state.FinishStep > 0)
        {
            return DateTimeOffset.MaxValue;
        }
        var trained = state.Pool.TryGetValue(seat.WorkerId, out var worker) && worker.Claim is { HasState: true };
        return called + (trained ? options.PrepareTimeout : options.NewcomerTimeout);
    }

    /// <summary>
    /// Twice as long with each time in a row that the worker was left out: one that lives on a machine that does much else may
    /// be late every time, and a job of such workers would never start.
    /// </summary>
    private static TimeSpan AcknowledgePatience(JobMachineState state, Seat seat, JobMachineOptions options)
    {
        var first = seat.Suspected ? options.SuspectTimeout : options.AcknowledgeTimeout;
        var failures = state.LeftOut.TryGetValue(seat.WorkerId, out var left) && left.Incarnation == seat.Incarnation ? left.Failures : 0;
        return TimeSpan.FromTicks(Math.Min(first.Ticks << Math.Min(failures, 20), Math.Max(first.Ticks, options.BackOffLimit.Ticks)));
    }

    private static void OnTime(Turn turn)
    {
        if (turn.State.Phase.HasEnded())
        {
            return;
        }
        if (Deadline(turn.State) is { } deadline && deadline <= turn.Now)
        {
            End(turn, JobPhase.Failed, $"the deadline of {turn.State.Spec.DeadlineSeconds} s after the start has passed");
            return;
        }
        switch (turn.State.Phase)
        {
            case JobPhase.Waiting:
                CallGeneration(turn, turn.State.Cause, Arrived(turn.State));
                break;
            case JobPhase.BackingOff when turn.State.NotBefore is null || turn.State.NotBefore <= turn.Now:
                CallGeneration(turn, turn.State.Cause, turn.State.Reason);
                break;
            case JobPhase.Preparing:
                OnTimePreparing(turn);
                break;
            case JobPhase.Leaving when turn.State.PhaseSince + turn.Options.LeaveTimeout <= turn.Now:
                EndLeaving(turn);
                break;
            case JobPhase.Starting when turn.State.PhaseSince + turn.Options.StartTimeout <= turn.Now:
                var late = turn.State.Seats.Values.Where(s => !s.Started).Select(s => s.WorkerId).ToArray();
                LeaveOut(turn, late, "did not start in time");
                FailGeneration(turn, GenerationCause.TimedOut, $"{string.Join(", ", late)} did not start in time");
                break;
            case JobPhase.Starting when !turn.State.CallRepeated && turn.State.PhaseSince + turn.Options.PlanRepeat <= turn.Now:
                RepeatPlan(turn);
                break;
            case JobPhase.Running:
                OnTimeRunning(turn);
                break;
            case JobPhase.Recovering when (turn.State.RecoverUntil ?? turn.State.PhaseSince + turn.Options.RecoverTimeout) <= turn.Now:
                GiveUpRecovering(turn);
                break;
        }
    }

    private static void RepeatPlan(Turn turn)
    {
        var plan = turn.State.Plan!;
        turn.State = turn.State with { CallRepeated = true };
        foreach (var seat in turn.State.Seats.Values.Where(s => !s.Started && !Works(turn.State.Pool.GetValueOrDefault(s.WorkerId)?.Claim)))
        {
            turn.Send(seat.WorkerId, plan);
        }

        bool Works(WorkerClaim? claim) => claim is { Training: true } && claim.Generation == plan.Generation;
    }

    private static void OnTimePreparing(Turn turn)
    {
        if (turn.State.FinishStep > 0 && turn.State.FinishBy <= turn.Now)
        {
            EndAtOnce(turn);
        }
        var state = turn.State;
        var unheard = state.Seats.Values.Where(s => !s.Acknowledged).ToArray();
        if (!state.CallRepeated && unheard.Any(s => PrepareDue(state, s, state.PhaseSince, true, turn.Options) <= turn.Now))
        {
            turn.State = state with { CallRepeated = true };
            foreach (var seat in unheard)
            {
                Call(turn, seat.WorkerId, state.Generation);
            }
        }
        var late = state.Seats.Values.Where(s => PrepareDue(state, s, state.PhaseSince, false, turn.Options) <= turn.Now).ToArray();
        if (late.Length == 0)
        {
            return;
        }
        foreach (var seat in late)
        {
            LeaveOut(turn, [seat.WorkerId], seat.Acknowledged ? "did not end its work in time" : "does not answer");
        }
        EndAtOnce(turn);
        PlanIfAllPrepared(turn);
    }

    private static void OnTimeRunning(Turn turn)
    {
        var state = turn.State;
        if (state.ModelStoredAt is { } stored)
        {
            if (stored + turn.Options.CompletionGrace <= turn.Now)
            {
                Succeed(turn);
            }
        }
        else if (state.LastHeard + turn.Options.StallTimeout <= turn.Now)
        {
            FailGeneration(
                turn,
                GenerationCause.TimedOut,
                $"no member has said anything for {turn.Options.StallTimeout.TotalMinutes:0.#} min"
            );
        }
        else
        {
            var late = state
                .Newcomers.Values.Where(s => PrepareDue(state, s, s.CalledAt, false, turn.Options) <= turn.Now)
                .Select(s => s.WorkerId)
                .ToArray();
            LeaveOut(turn, late, "did not prepare in time");
            NoteNewcomers(turn);
            TakeIn(turn);
        }
    }
}
