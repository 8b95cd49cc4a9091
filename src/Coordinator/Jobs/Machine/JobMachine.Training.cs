using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// What members of a started generation say.
public static partial class JobMachine
{
    private static void OnWorker(TransitionBuilder transition, WorkerReported said)
    {
        if (transition.State.Phase.HasEnded())
        {
            // Steps may still be on their way; anyone else has missed that the job is over.
            if (said.Message is not StepReport)
            {
                transition.Stale(said.Message);
            }
            return;
        }
        switch (said.Message)
        {
            case RendezvousAcknowledged m:
                OnAcknowledged(transition, m);
                break;
            case RendezvousJoined m:
                OnJoined(transition, m);
                break;
            case GenerationStarted m:
                OnStarted(transition, m);
                break;
            case StepReport m:
                OnStep(transition, m);
                break;
            case GenerationFailed m:
                OnGenerationFailed(transition, m);
                break;
            case JobFailedOnWorker m:
                OnJobFailed(transition, m);
                break;
            case TrainingCompleted m:
                OnCompleted(transition, m);
                break;
            case EvaluationReport m:
                OnEvaluation(transition, m);
                break;
            case CheckpointReport m:
                OnCheckpoint(transition, m);
                break;
            case WorkerLog m:
                transition.Log(m.Level, m.WorkerId, m.Text);
                break;
            case TrainingStopped m:
                OnStopped(transition, m);
                break;
            default:
                throw new ArgumentException($"A worker does not say {said.Message.Descriptor.Name} to a job.", nameof(said));
        }
    }

    private static bool IsMember(TransitionBuilder transition, long generation, string workerId) =>
        transition.State.Phase is JobPhase.Starting or JobPhase.Running
        && transition.State.Plan?.Generation == generation
        && transition.State.Members.ContainsKey(workerId);

    private static void OnStarted(TransitionBuilder transition, GenerationStarted message)
    {
        if (!IsMember(transition, message.Generation, message.WorkerId))
        {
            transition.Stale(message);
            return;
        }
        var member = transition.State.Members[message.WorkerId] with { Started = true };
        transition.State = transition.State with
        {
            Members = transition.State.Members.SetItem(member.WorkerId, member),
            LastHeard = transition.Now,
        };
        if (transition.State.Phase == JobPhase.Starting && transition.State.Members.Values.All(s => s.Started))
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
            AllStartedAt = transition.Now,
            Members = state.Members.SetItems(state.Members.Values.Select(s => KeyValuePair.Create(s.WorkerId, s with { Started = true }))),
            // They hold the state now: a claim from their last registration may be older.
            Pool = state.Pool.SetItems(
                state
                    .Pool.Values.Where(w => state.Members.ContainsKey(w.Id))
                    .Select(w => KeyValuePair.Create(w.Id, w with { Claim = new(state.Plan.Generation, true, state.Plan.BaseStep, true) }))
            ),
            LeftOut = state.LeftOut.RemoveRange(state.Members.Keys),
        };
        transition.Enter(JobPhase.Running, state.Reason);
        var changed = new GenerationChanged
        {
            Generation = state.Plan.Generation,
            BaseStep = state.Plan.BaseStep,
            Reason = state.Reason,
            Cause = state.Cause.ToLabel(),
            DetectSeconds = state.Detected.TotalSeconds,
            RegroupSeconds =
                state.Cause == GenerationCause.Start || state.NoticedAt is not { } since || state.PlanSentAt is not { } sent
                    ? 0
                    : (sent - since).TotalSeconds,
            StateRecoverySeconds = state.PlanSentAt is { } begun ? (transition.Now - begun).TotalSeconds : 0,
            DiscardedSteps = state.Discarded,
            RecoverySeconds =
                state.Cause == GenerationCause.Start || state.NoticedAt is not { } noticed ? 0 : (transition.Now - noticed).TotalSeconds,
        };
        changed.Workers.AddRange(members.Select(m => m.WorkerId));
        transition.Publish(new JobEvent { Generation = changed });
        NoteNewcomers(transition);
        LetDrainingGo(transition);
    }

    private static void OnStep(TransitionBuilder transition, StepReport message)
    {
        if (IsFinishing(transition.State, message.Generation, message.WorkerId))
        {
            Advance(transition, message);
            // The pause for the change begins where they end.
            transition.State = transition.State with
            {
                NoticedAt = transition.Now,
            };
            return;
        }
        if (!IsMember(transition, message.Generation, message.WorkerId))
        {
            transition.Stale(message);
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
            transition.State is { NoticedAt: { } noticed, Cause: not GenerationCause.Start }
            && transition.State.AllStartedAt is { } started
            && transition.State.PlanSentAt is { } sent
        )
        {
            transition.Effects.Add(
                new MeasureRecovery(
                    transition.State.Cause,
                    transition.State.Detected,
                    sent - noticed,
                    started - sent,
                    transition.Now - started
                )
            );
            transition.State = transition.State with { NoticedAt = null };
        }
        var first = message.Step > transition.State.Progress.Step;
        Advance(transition, message);
        if (first)
        {
            ShareOutAnew(transition);
        }
    }

    private static void Advance(TransitionBuilder transition, StepReport message)
    {
        transition.State = transition.State with
        {
            Progress = transition.State.Progress.With(message),
            FailuresInARow = 0,
            NotBefore = null,
            LastHeard = transition.Now,
            Speeds = WithSpeed(transition.State, message.WorkerId, message.ShardsPerSecond),
        };
        NoteReached(transition, message.Generation, message.Step);
    }

    private static void OnCompleted(TransitionBuilder transition, TrainingCompleted message)
    {
        var planned =
            transition.State.Plan is { } plan
            && plan.Generation == message.Generation
            && plan.Members.Any(m => m.WorkerId == message.WorkerId)
            && transition.State.Phase.WantsWorkers();
        if (!planned)
        {
            transition.Stale(message);
            return;
        }
        if (IsMember(transition, message.Generation, message.WorkerId))
        {
            var member = transition.State.Members[message.WorkerId];
            transition.State = transition.State with
            {
                Members = transition.State.Members.SetItem(
                    member.WorkerId,
                    member with
                    {
                        Started = true,
                        WeightsSha256 = message.WeightsSha256,
                    }
                ),
                LastHeard = transition.Now,
            };
        }
        NoteReached(transition, message.Generation, message.Step);
        if (message.ModelStored)
        {
            transition.State = transition.State with
            {
                ModelStoredAt = transition.State.ModelStoredAt ?? transition.Now,
                WeightsSha256 = message.WeightsSha256,
            };
        }
        if (transition.State.ModelStoredAt is null)
        {
            return;
        }
        var all = transition.State.Members.Values.All(s => s.WeightsSha256 is not null);
        if (all || transition.State.Phase is not (JobPhase.Starting or JobPhase.Running))
        {
            Succeed(transition);
        }
    }

    private static void Succeed(TransitionBuilder transition)
    {
        var other = transition.State.Members.Values.FirstOrDefault(s =>
            s.WeightsSha256 is { } sha && sha != transition.State.WeightsSha256
        );
        if (other is not null)
        {
            var reason =
                $"the weights of {other.WorkerId} differ from the stored model's "
                + $"({other.WeightsSha256} and {transition.State.WeightsSha256}): "
                + "the workers do not compute alike; see docs/determinism.md for what the bits depend on";
            transition.State = transition.State with { WeightsSha256 = "" };
            End(transition, JobPhase.Failed, reason);
            return;
        }
        End(transition, JobPhase.Succeeded, "all steps are done and the model is stored");
    }

    private static void OnEvaluation(TransitionBuilder transition, EvaluationReport message)
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
                    Sentences = message.Sentences,
                    Seconds = message.Seconds,
                    Best = message.Best,
                    SampleSource = message.SampleSource,
                    SampleHypothesis = message.SampleHypothesis,
                    SampleReference = message.SampleReference,
                },
            }
        );
    }

    private static void OnCheckpoint(TransitionBuilder transition, CheckpointReport message)
    {
        transition.State = transition.State with { LastHeard = transition.Now };
        transition.Publish(
            new JobEvent
            {
                Checkpoint = new CheckpointStored
                {
                    CheckpointId = message.CheckpointId,
                    Step = message.Step,
                    Bytes = message.Bytes,
                    Error = message.Error,
                    Seconds = message.Seconds,
                    PauseSeconds = message.PauseMs / 1000,
                },
            }
        );
    }
}
