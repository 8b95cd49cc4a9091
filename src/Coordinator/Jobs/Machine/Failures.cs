using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What becomes of a generation, or of the job, when a worker cannot go on.</summary>
internal static class Failures
{
    public static void OnGenerationFailed(TransitionBuilder transition, WorkerReport report)
    {
        var (header, message) = (report.Header, report.Failed);
        if (Training.IsMember(transition, header.Generation, header.WorkerId))
        {
            if (transition.Current.ModelStoredAt is not null)
            {
                Ending.Succeed(transition);
                return;
            }
            if (message.Stage == FailureStages.BadCheckpoint && transition.State.Plan is { CheckpointId.Length: > 0 } plan)
            {
                transition.Effects.Add(new RejectCheckpoint(plan.CheckpointId, message.Message));
                transition.Tell(Faults.CheckpointDamaged(transition.State, plan.CheckpointId, message.Message, [header.WorkerId]));
            }
            var suspects = message.Suspects.Count == 0 ? "" : $" (suspects: {string.Join(", ", message.Suspects)})";
            FailGeneration(
                transition,
                GenerationCause.WorkerFailed,
                $"{header.WorkerId} reported {message.Stage}{suspects}: {message.Message}",
                new(FaultKind.WorkerFailed, [header.WorkerId], $"reported {message.Stage}{suspects}: {message.Message}"),
                message.Suspects
            );
        }
        else if (
            transition.State.Phase == JobPhase.Preparing
            && header.Generation == transition.State.Generation
            && transition.Current.Members.ContainsKey(header.WorkerId)
        )
        {
            LeaveOut(transition, [header.WorkerId], $"could not prepare: {message.Message}");
            if (transition.Current.Members.IsEmpty)
            {
                FailGeneration(
                    transition,
                    GenerationCause.WorkerFailed,
                    $"{header.WorkerId} could not prepare: {message.Message}",
                    new(FaultKind.WorkerFailed, [header.WorkerId], $"could not prepare: {message.Message}")
                );
            }
            else
            {
                Rendezvous.PlanIfAllJoined(transition);
            }
        }
        else if (Boundary.IsFinishing(transition.State, header.Generation, header.WorkerId))
        {
            // They will not come to the step at which they were to end: as if nobody had been invited yet.
            transition.Change = transition.Change with
            {
                NoticedAt = null,
            };
            FailGeneration(
                transition,
                GenerationCause.WorkerFailed,
                $"{header.WorkerId} reported {message.Stage}: {message.Message}",
                new(FaultKind.WorkerFailed, [header.WorkerId], $"reported {message.Stage}: {message.Message}"),
                message.Suspects
            );
        }
        else if (header.Generation == transition.State.Generation && transition.Current.Newcomers.ContainsKey(header.WorkerId))
        {
            LeaveOut(transition, [header.WorkerId], $"could not prepare: {message.Message}");
            Newcomers.TakeIn(transition);
        }
        else if (
            transition.State is { Phase: JobPhase.Preparing, Plan: { } ended }
            && header.Generation == ended.Generation
            && header.Generation < transition.State.Generation
        )
        {
            // Whoever told of it first may have known only that a peer had ended the generation.
            Rendezvous.Suspect(transition, message.Suspects);
        }
        else
        {
            transition.Stale(report);
        }
    }

    public static void OnJobFailed(TransitionBuilder transition, WorkerReport report)
    {
        var (header, message) = (report.Header, report.JobFailed);
        if (header.Generation == transition.State.Generation && transition.Current.Newcomers.ContainsKey(header.WorkerId))
        {
            // It has done no step yet: the trouble is its own (its disk, its memory).
            LeaveOut(transition, [header.WorkerId], $"could not prepare: {message.Code}: {message.Message}");
            Newcomers.TakeIn(transition);
            return;
        }
        // Bad data or NaN is in every worker's reach alike: no other generation would do better.
        var current = header.Generation == transition.State.Generation || header.Generation == transition.State.Plan?.Generation;
        if (current && transition.State.Phase.WantsWorkers())
        {
            Ending.Fail(transition, $"{message.Code}: {message.Message}", [header.WorkerId]);
        }
        else
        {
            transition.Stale(report);
        }
    }

    /// <summary>The generation is given up: counts it unless it did a step, and opens the next rendezvous or fails the job.</summary>
    /// <param name="transition">The transition.</param>
    /// <param name="cause">The cause of the next generation.</param>
    /// <param name="reason">Why, for people: the job's reason from now on.</param>
    /// <param name="fault">What went wrong.</param>
    /// <param name="suspects">Workers whose connections failed.</param>
    public static void FailGeneration(
        TransitionBuilder transition,
        GenerationCause cause,
        string reason,
        FaultCause fault,
        IReadOnlyCollection<string>? suspects = null
    )
    {
        var before = transition.State;
        var failures = before.FailuresInARow + 1;
        if (failures > before.Spec.RetryLimit)
        {
            Ending.Fail(transition, $"{failures} generations in a row failed without one step done; the last: {reason}", fault.Workers);
            return;
        }
        // A failure while the last one is being fixed prolongs that recovery.
        var fresh = transition.Change.Cause == GenerationCause.Start || transition.Change.NoticedAt is null;
        var noticed = fresh ? transition.Now : transition.Change.NoticedAt!.Value;
        var worked = transition.State.Phase == JobPhase.Running || transition.Current.FinishStep > 0;
        if (fresh)
        {
            transition.Change = transition.Change with
            {
                Discarded = 0,
                Detected = worked ? transition.Now - transition.State.LastHeard : TimeSpan.Zero,
            };
        }
        Boundary.Discard(transition);
        var doublings = Math.Min(failures - 2, 20);
        var wait =
            failures < 2
                ? TimeSpan.Zero
                : TimeSpan.FromTicks(Math.Min(transition.Options.BackOff.Ticks << doublings, transition.Options.BackOffLimit.Ticks));
        transition.Change = transition.Change with { NoticedAt = noticed };
        transition.State = transition.State with { FailuresInARow = failures, NotBefore = transition.Now + wait };
        LeaveOutCutOff(transition, suspects ?? []);
        Rendezvous.Open(transition, cause, reason, suspects);
        transition.Tell(before, fault);
    }

    /// <summary>
    /// A worker that answers us, but that its peers cannot reach twice in a row, is cut off from some of them: the others go on
    /// without it. Once it has been left out for that, the next time is enough, until it has trained again.
    /// </summary>
    private static void LeaveOutCutOff(TransitionBuilder transition, IReadOnlyCollection<string> suspects)
    {
        var members = transition.Current.Members;
        var cutOff = suspects
            .Where(id =>
                members.TryGetValue(id, out var member)
                && (
                    transition.State.FailuresInARow >= 2
                    || (transition.State.LeftOut.TryGetValue(id, out var left) && left.Incarnation == member.Incarnation)
                )
            )
            .ToArray();
        if (cutOff.Length > 0 && cutOff.Length < members.Count)
        {
            LeaveOut(transition, cutOff, "cannot be reached by its peers");
        }
    }

    public static void LeaveOut(TransitionBuilder transition, IReadOnlyList<string> workers, string why)
    {
        foreach (var id in workers)
        {
            var member = transition.Current.Members.GetValueOrDefault(id) ?? transition.Current.Newcomers[id];
            var before =
                transition.State.LeftOut.TryGetValue(id, out var left) && left.Incarnation == member.Incarnation ? left.Failures : 0;
            var wait = TimeSpan.FromTicks(
                Math.Min(transition.Options.LeaveOut.Ticks << Math.Min(before, 20), transition.Options.BackOffLimit.Ticks)
            );
            transition.State = transition.State with
            {
                LeftOut = transition.State.LeftOut.SetItem(id, new(member.Incarnation, before + 1, transition.Now + wait)),
            };
            transition.Current = transition.Current with
            {
                Members = transition.Current.Members.Remove(id),
                Newcomers = transition.Current.Newcomers.Remove(id),
            };
            var done = FormattableString.Invariant($"it is left out for {wait.TotalSeconds:0.#} s");
            transition.Tell(Faults.Of(transition.State, new(FaultKind.WorkerLeftOut, [id], why), done, ""));
        }
    }
}
