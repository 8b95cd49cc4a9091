using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What members of a started generation say while all goes well.</summary>
internal static class Training
{
    public static void OnStarted(TransitionBuilder transition, WorkerReport report)
    {
        var header = report.Header;
        if (!IsMember(transition, header.Generation, header.WorkerId))
        {
            transition.Stale(report);
            return;
        }
        transition.SetMember(transition.Current.Members[header.WorkerId] with { Started = true });
        transition.State = transition.State with { LastHeard = transition.Now };
        if (transition.State.Phase == JobPhase.Starting && transition.Current.Members.Values.All(s => s.Started))
        {
            EnterRunning(transition);
        }
    }

    private static void EnterRunning(TransitionBuilder transition)
    {
        var state = transition.State;
        var members = state.Plan!.Members;
        transition.State = state with
        {
            // They hold the state now: a claim from their last registration may be older.
            Pool = state.Pool.SetItems(
                state
                    .Pool.Values.Where(w => state.Current.Members.ContainsKey(w.Id))
                    .Select(w => KeyValuePair.Create(w.Id, w with { Claim = new(state.Plan.Generation, true, state.Plan.BaseStep, true) }))
            ),
            LeftOut = state.LeftOut.RemoveRange(state.Current.Members.Keys),
        };
        transition.Current = state.Current with
        {
            AllStartedAt = transition.Now,
            Members = state.Current.Members.SetItems(
                state.Current.Members.Values.Select(s => KeyValuePair.Create(s.WorkerId, s with { Started = true }))
            ),
        };
        transition.Enter(JobPhase.Running, state.Reason);
        var changed = new GenerationChanged
        {
            Generation = state.Plan.Generation,
            BaseStep = state.Plan.BaseStep,
            Reason = state.Reason,
            Cause = state.Change.Cause,
            DetectDuration = state.Change.Detected > TimeSpan.Zero ? Duration.FromTimeSpan(state.Change.Detected) : null,
            RegroupDuration =
                state.Change.Cause == GenerationCause.Start
                || state.Change.NoticedAt is not { } since
                || state.Current.PlanSentAt is not { } sent
                    ? null
                    : Duration.FromTimeSpan(sent - since),
            StateRecoveryDuration = state.Current.PlanSentAt is { } begun ? Duration.FromTimeSpan(transition.Now - begun) : null,
            DiscardedStepCount = state.Change.Discarded,
            RecoveryDuration =
                state.Change.Cause == GenerationCause.Start || state.Change.NoticedAt is not { } noticed
                    ? null
                    : Duration.FromTimeSpan(transition.Now - noticed),
        };
        changed.Workers.AddRange(members.Select(m => m.WorkerId));
        transition.Publish(new JobEvent { Generation = changed });
        Newcomers.Note(transition);
        Draining.LetGo(transition);
    }

    public static void OnStep(TransitionBuilder transition, WorkerReport report)
    {
        var (header, message) = (report.Header, report.Step);
        if (Boundary.IsFinishing(transition.State, header.Generation, header.WorkerId))
        {
            Advance(transition, header, message);
            // The pause for the change begins where they end.
            transition.Change = transition.Change with
            {
                NoticedAt = transition.Now,
            };
            return;
        }
        if (!IsMember(transition, header.Generation, header.WorkerId))
        {
            transition.Stale(report);
            return;
        }
        // A step is done by all or by none: one report of it tells that everyone had started.
        if (transition.State.Phase == JobPhase.Starting)
        {
            EnterRunning(transition);
        }
        if (transition.State.Phase != JobPhase.Running)
        {
            return;
        }
        if (
            transition.Change is { NoticedAt: { } noticed, Cause: not GenerationCause.Start }
            && transition.Current.AllStartedAt is { } started
            && transition.Current.PlanSentAt is { } sent
        )
        {
            transition.Effects.Add(
                new MeasureRecovery(
                    transition.Change.Cause,
                    transition.Change.Detected,
                    sent - noticed,
                    started - sent,
                    transition.Now - started
                )
            );
            transition.Change = transition.Change with { NoticedAt = null };
        }
        var first = message.Step > transition.State.Progress.Step;
        Advance(transition, header, message);
        if (first)
        {
            Boundary.ShareOutAnew(transition);
        }
    }

    private static void Advance(TransitionBuilder transition, JobHeader header, StepReport message)
    {
        transition.State = transition.State with
        {
            Progress = transition.State.Progress.With(message),
            FailuresInARow = 0,
            NotBefore = null,
            LastHeard = transition.Now,
            Speeds = Plans.WithSpeed(transition.State, header.WorkerId, message.ShardsPerSecond),
        };
        LedgerNotes.NoteReached(transition, header.Generation, message.Step);
    }

    public static void OnEvaluation(TransitionBuilder transition, EvaluationReport message)
    {
        // The scores follow from specification and data: those of an older generation are as good, and never differ.
        if (message.Step <= transition.State.Progress.EvaluatedStep)
        {
            return;
        }
        transition.State = transition.State with { Progress = transition.State.Progress.With(message), LastHeard = transition.Now };
        transition.Publish(
            new JobEvent
            {
                Evaluation = new Evaluation
                {
                    Step = message.Step,
                    Bleu = message.Bleu,
                    BleuSignature = message.BleuSignature,
                    Chrf = message.Chrf,
                    Loss = message.Loss,
                    ExactMatch = message.ExactMatch,
                    SentenceCount = message.Sentences,
                    Duration = ProtoDurations.OfSeconds(message.Seconds),
                    Best = message.Best,
                    SampleSource = message.SampleSource,
                    SampleHypothesis = message.SampleHypothesis,
                    SampleReference = message.SampleReference,
                },
            }
        );
    }

    public static void OnCheckpoint(TransitionBuilder transition, WorkerReport report)
    {
        var message = report.Checkpoint;
        transition.State = transition.State with { LastHeard = transition.Now };
        transition.Publish(
            new JobEvent
            {
                Checkpoint = new CheckpointStored
                {
                    CheckpointId = message.CheckpointId,
                    Step = message.Step,
                    SizeBytes = message.Bytes,
                    Error = message.Error,
                    StoreDuration = ProtoDurations.OfSeconds(message.Seconds),
                    PauseDuration = ProtoDurations.OfSeconds(message.PauseMs / 1000),
                },
            }
        );
        if (message.Error.Length > 0)
        {
            transition.Tell(Faults.CheckpointNotStored(transition.State, report.Header.WorkerId, message));
        }
    }

    public static bool IsMember(TransitionBuilder transition, long generation, string workerId) =>
        transition.State.Phase is JobPhase.Starting or JobPhase.Running
        && transition.State.Plan?.Generation == generation
        && transition.Current.Members.ContainsKey(workerId);
}
