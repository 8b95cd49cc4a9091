using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The end of a job, by success or otherwise, and of everyone's work for it.</summary>
internal static class Ending
{
    public static void OnCompleted(TransitionBuilder transition, WorkerReport report)
    {
        var (header, message) = (report.Header, report.Completed);
        var planned =
            transition.State.Plan is { } plan
            && plan.Generation == header.Generation
            && plan.Members.Any(m => m.WorkerId == header.WorkerId)
            && transition.State.Phase.WantsWorkers();
        if (!planned)
        {
            transition.Stale(report);
            return;
        }
        if (Training.IsMember(transition, header.Generation, header.WorkerId))
        {
            var member = transition.Current.Members[header.WorkerId];
            transition.SetMember(member with { Started = true, WeightsSha256 = message.WeightsSha256 });
            transition.State = transition.State with { LastHeard = transition.Now };
        }
        LedgerNotes.NoteReached(transition, header.Generation, message.Step);
        if (message.ModelStored)
        {
            transition.Current = transition.Current with { ModelStoredAt = transition.Current.ModelStoredAt ?? transition.Now };
            transition.State = transition.State with { WeightsSha256 = message.WeightsSha256 };
        }
        if (transition.Current.ModelStoredAt is null)
        {
            return;
        }
        var all = transition.Current.Members.Values.All(s => s.WeightsSha256 is not null);
        if (all || transition.State.Phase is not (JobPhase.Starting or JobPhase.Running))
        {
            Succeed(transition);
        }
    }

    public static void Succeed(TransitionBuilder transition)
    {
        var other = transition.Current.Members.Values.FirstOrDefault(s =>
            s.WeightsSha256 is { } sha && sha != transition.State.WeightsSha256
        );
        if (other is not null)
        {
            var reason =
                $"the weights of {other.WorkerId} differ from the stored model's "
                + $"({other.WeightsSha256} and {transition.State.WeightsSha256}): "
                + "the workers do not compute alike; see docs/determinism.md for what the bits depend on";
            transition.State = transition.State with { WeightsSha256 = "" };
            Fail(transition, reason, [other.WorkerId]);
            return;
        }
        End(transition, JobPhase.Succeeded, "all steps are done and the model is stored");
    }

    /// <summary>The job fails, and tells it.</summary>
    /// <param name="transition">The transition.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="workers">Who met it; none: nobody in particular.</param>
    public static void Fail(TransitionBuilder transition, string reason, IReadOnlyList<string> workers)
    {
        var before = transition.State;
        End(transition, JobPhase.Failed, reason);
        transition.Tell(before, new(FaultKind.JobFailed, workers, reason));
    }

    /// <summary>Ends the job for good.</summary>
    public static void End(TransitionBuilder transition, JobPhase phase, string reason)
    {
        Dismiss(transition, reason, keepState: false);
        transition.State = transition.State with { Ended = transition.Now };
        transition.Enter(phase, reason);
    }

    /// <summary>
    /// Tells everyone who works for the job to stop, and forgets the generation. <paramref name="storing"/> stores its state first.
    /// </summary>
    public static void Dismiss(TransitionBuilder transition, string reason, bool keepState, string? storing = null)
    {
        var members = transition
            .Current.Members.Keys.Concat(transition.Current.Newcomers.Keys)
            .Concat(transition.State.Pool.Values.Where(w => w.Claim is not null).Select(w => w.Id))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        foreach (var id in members)
        {
            transition.Send(
                id,
                new StopTraining
                {
                    JobId = transition.State.JobId,
                    Generation = transition.State.Generation,
                    Reason = reason,
                    KeepState = keepState,
                    StoreCheckpoint = id == storing,
                }
            );
        }
        transition.Current = new();
    }
}
