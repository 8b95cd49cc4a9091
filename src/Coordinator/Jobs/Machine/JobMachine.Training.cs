using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// What members of a started generation say.
public static partial class JobMachine
{
    private static void OnWorker(Turn turn, WorkerSaid said)
    {
        if (turn.State.Phase.HasEnded())
        {
            // Steps may still be on their way; anyone else has missed that the job is over.
            if (said.Message is not StepReport)
            {
                turn.Stale(said.Message);
            }
            return;
        }
        switch (said.Message)
        {
            case GenerationAcknowledged m:
                OnAcknowledged(turn, m);
                break;
            case GenerationPrepared m:
                OnPrepared(turn, m);
                break;
            case GenerationStarted m:
                OnStarted(turn, m);
                break;
            case StepReport m:
                OnStep(turn, m);
                break;
            case GenerationFailed m:
                OnGenerationFailed(turn, m);
                break;
            case JobFailedOnWorker m:
                OnJobFailed(turn, m);
                break;
            case TrainingCompleted m:
                OnCompleted(turn, m);
                break;
            case EvaluationReport m:
                OnEvaluation(turn, m);
                break;
            case CheckpointReport m:
                OnCheckpoint(turn, m);
                break;
            case WorkerLog m:
                turn.Log(m.Level, m.WorkerId, m.Text);
                break;
            case TrainingStopped m:
                OnStopped(turn, m);
                break;
            default:
                throw new ArgumentException($"A worker does not say {said.Message.Descriptor.Name} to a job.", nameof(said));
        }
    }

    private static bool IsMember(Turn turn, long generation, string workerId) =>
        turn.State.Phase is JobPhase.Starting or JobPhase.Running
        && turn.State.Plan?.Generation == generation
        && turn.State.Seats.ContainsKey(workerId);

    private static void OnStarted(Turn turn, GenerationStarted message)
    {
        if (!IsMember(turn, message.Generation, message.WorkerId))
        {
            turn.Stale(message);
            return;
        }
        var seat = turn.State.Seats[message.WorkerId] with { Started = true };
        turn.State = turn.State with { Seats = turn.State.Seats.SetItem(seat.WorkerId, seat), LastHeard = turn.Now };
        if (turn.State.Phase == JobPhase.Starting && turn.State.Seats.Values.All(s => s.Started))
        {
            EnterRunning(turn);
        }
    }

    private static void EnterRunning(Turn turn)
    {
        var state = turn.State;
        var members = state.Plan!.Members;
        turn.State = state with
        {
            AllStartedAt = turn.Now,
            Seats = state.Seats.SetItems(state.Seats.Values.Select(s => KeyValuePair.Create(s.WorkerId, s with { Started = true }))),
            // They hold the state now: a claim from their last registration may be older.
            Pool = state.Pool.SetItems(
                state
                    .Pool.Values.Where(w => state.Seats.ContainsKey(w.Id))
                    .Select(w => KeyValuePair.Create(w.Id, w with { Claim = new(state.Plan.Generation, true, state.Plan.BaseStep, true) }))
            ),
            LeftOut = state.LeftOut.RemoveRange(state.Seats.Keys),
        };
        turn.Enter(JobPhase.Running, state.Reason);
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
            CatchUpSeconds = state.PlanSentAt is { } begun ? (turn.Now - begun).TotalSeconds : 0,
            DiscardedSteps = state.Discarded,
            RecoverySeconds =
                state.Cause == GenerationCause.Start || state.NoticedAt is not { } noticed ? 0 : (turn.Now - noticed).TotalSeconds,
        };
        changed.Workers.AddRange(members.Select(m => m.WorkerId));
        turn.Publish(new JobEvent { Generation = changed });
        NoteNewcomers(turn);
        LetDrainingGo(turn);
    }

    private static void OnStep(Turn turn, StepReport message)
    {
        if (IsFinishing(turn.State, message.Generation, message.WorkerId))
        {
            Advance(turn, message);
            // The pause for the change begins where they end.
            turn.State = turn.State with
            {
                NoticedAt = turn.Now,
            };
            return;
        }
        if (!IsMember(turn, message.Generation, message.WorkerId))
        {
            turn.Stale(message);
            return;
        }
        // A step is done by all or by none: one report of it tells that everyone had started.
        if (turn.State.Phase == JobPhase.Starting)
        {
            EnterRunning(turn);
        }
        if (turn.State.Phase != JobPhase.Running)
        {
            return;
        }
        if (
            turn.State is { NoticedAt: { } noticed, Cause: not GenerationCause.Start }
            && turn.State.AllStartedAt is { } started
            && turn.State.PlanSentAt is { } sent
        )
        {
            turn.Effects.Add(
                new MeasureRecovery(turn.State.Cause, turn.State.Detected, sent - noticed, started - sent, turn.Now - started)
            );
            turn.State = turn.State with { NoticedAt = null };
        }
        var first = message.Step > turn.State.Progress.Step;
        Advance(turn, message);
        if (first)
        {
            ShareOutAnew(turn);
        }
    }

    private static void Advance(Turn turn, StepReport message)
    {
        turn.State = turn.State with
        {
            Progress = turn.State.Progress.With(message),
            FailuresInARow = 0,
            NotBefore = null,
            LastHeard = turn.Now,
            Speeds = WithSpeed(turn.State, message.WorkerId, message.ShardsPerSecond),
        };
        NoteReached(turn, message.Generation, message.Step);
    }

    private static void OnGenerationFailed(Turn turn, GenerationFailed message)
    {
        if (IsMember(turn, message.Generation, message.WorkerId))
        {
            if (turn.State.ModelStoredAt is not null)
            {
                Succeed(turn);
                return;
            }
            var suspects = message.Suspects.Count == 0 ? "" : $" (suspects: {string.Join(", ", message.Suspects)})";
            FailGeneration(
                turn,
                GenerationCause.WorkerFailed,
                $"{message.WorkerId} reported {message.Stage}{suspects}: {message.Message}",
                message.Suspects
            );
        }
        else if (
            turn.State.Phase == JobPhase.Preparing
            && message.Generation == turn.State.Generation
            && turn.State.Seats.ContainsKey(message.WorkerId)
        )
        {
            LeaveOut(turn, [message.WorkerId], $"could not prepare: {message.Message}");
            if (turn.State.Seats.IsEmpty)
            {
                FailGeneration(turn, GenerationCause.WorkerFailed, $"{message.WorkerId} could not prepare: {message.Message}");
            }
            else
            {
                PlanIfAllPrepared(turn);
            }
        }
        else if (IsFinishing(turn.State, message.Generation, message.WorkerId))
        {
            // They will not come to the step at which they were to end: as if nobody had been called yet.
            turn.State = turn.State with
            {
                NoticedAt = null,
            };
            FailGeneration(
                turn,
                GenerationCause.WorkerFailed,
                $"{message.WorkerId} reported {message.Stage}: {message.Message}",
                message.Suspects
            );
        }
        else if (message.Generation == turn.State.Generation && turn.State.Newcomers.ContainsKey(message.WorkerId))
        {
            LeaveOut(turn, [message.WorkerId], $"could not prepare: {message.Message}");
            TakeIn(turn);
        }
        else
        {
            turn.Stale(message);
        }
    }

    /// <summary>The generation is given up: counts it unless it did a step, and calls the next or fails the job.</summary>
    private static void FailGeneration(Turn turn, GenerationCause cause, string reason, IReadOnlyCollection<string>? suspects = null)
    {
        var failures = turn.State.FailuresInARow + 1;
        if (failures > turn.State.Spec.RetryLimit)
        {
            End(turn, JobPhase.Failed, $"{failures} generations in a row failed without one step done; the last: {reason}");
            return;
        }
        // A failure while the last one is being mended prolongs that recovery.
        var fresh = turn.State.Cause == GenerationCause.Start || turn.State.NoticedAt is null;
        var noticed = fresh ? turn.Now : turn.State.NoticedAt!.Value;
        var worked = turn.State.Phase == JobPhase.Running || turn.State.FinishStep > 0;
        if (fresh)
        {
            turn.State = turn.State with { Discarded = 0, Detected = worked ? turn.Now - turn.State.LastHeard : TimeSpan.Zero };
        }
        Discard(turn);
        var doublings = Math.Min(failures - 2, 20);
        var wait =
            failures < 2
                ? TimeSpan.Zero
                : TimeSpan.FromTicks(Math.Min(turn.Options.BackOff.Ticks << doublings, turn.Options.BackOffLimit.Ticks));
        turn.State = turn.State with { FailuresInARow = failures, NotBefore = turn.Now + wait, NoticedAt = noticed };
        turn.Log("warning", "coordinator", $"generation {turn.State.Generation}: {reason}");
        LeaveOutCutOff(turn, suspects ?? []);
        CallGeneration(turn, cause, reason, suspects);
    }

    /// <summary>
    /// A worker that answers us, but that its peers cannot reach twice in a row, is cut off from some of them: the others go on
    /// without it. Once it has been left out for that, the next time is enough, until it has trained again.
    /// </summary>
    private static void LeaveOutCutOff(Turn turn, IReadOnlyCollection<string> suspects)
    {
        var seats = turn.State.Seats;
        var cutOff = suspects
            .Where(id =>
                seats.TryGetValue(id, out var seat)
                && (
                    turn.State.FailuresInARow >= 2
                    || (turn.State.LeftOut.TryGetValue(id, out var left) && left.Incarnation == seat.Incarnation)
                )
            )
            .ToArray();
        if (cutOff.Length > 0 && cutOff.Length < seats.Count)
        {
            LeaveOut(turn, cutOff, "cannot be reached by its peers");
        }
    }

    private static void OnJobFailed(Turn turn, JobFailedOnWorker message)
    {
        if (message.Generation == turn.State.Generation && turn.State.Newcomers.ContainsKey(message.WorkerId))
        {
            // It has done no step yet: the trouble is its own (its disk, its memory).
            LeaveOut(turn, [message.WorkerId], $"could not prepare: {message.Code}: {message.Message}");
            TakeIn(turn);
            return;
        }
        // Bad data or NaN is in every worker's reach alike: no other generation would do better.
        var current = message.Generation == turn.State.Generation || message.Generation == turn.State.Plan?.Generation;
        if (current && turn.State.Phase.WantsWorkers())
        {
            End(turn, JobPhase.Failed, $"{message.Code}: {message.Message}");
        }
        else
        {
            turn.Stale(message);
        }
    }

    private static void OnCompleted(Turn turn, TrainingCompleted message)
    {
        var planned =
            turn.State.Plan is { } plan
            && plan.Generation == message.Generation
            && plan.Members.Any(m => m.WorkerId == message.WorkerId)
            && turn.State.Phase.WantsWorkers();
        if (!planned)
        {
            turn.Stale(message);
            return;
        }
        if (IsMember(turn, message.Generation, message.WorkerId))
        {
            var seat = turn.State.Seats[message.WorkerId];
            turn.State = turn.State with
            {
                Seats = turn.State.Seats.SetItem(seat.WorkerId, seat with { Started = true, WeightsSha256 = message.WeightsSha256 }),
                LastHeard = turn.Now,
            };
        }
        NoteReached(turn, message.Generation, message.Step);
        if (message.ModelStored)
        {
            turn.State = turn.State with { ModelStoredAt = turn.State.ModelStoredAt ?? turn.Now, WeightsSha256 = message.WeightsSha256 };
        }
        if (turn.State.ModelStoredAt is null)
        {
            return;
        }
        var all = turn.State.Seats.Values.All(s => s.WeightsSha256 is not null);
        if (all || turn.State.Phase is not (JobPhase.Starting or JobPhase.Running))
        {
            Succeed(turn);
        }
    }

    private static void Succeed(Turn turn)
    {
        var other = turn.State.Seats.Values.FirstOrDefault(s => s.WeightsSha256 is { } sha && sha != turn.State.WeightsSha256);
        if (other is not null)
        {
            var reason =
                $"the weights of {other.WorkerId} differ from the stored model's ({other.WeightsSha256} and {turn.State.WeightsSha256}): "
                + "the workers do not compute alike; see docs/protocol.md for what the bits depend on";
            turn.State = turn.State with { WeightsSha256 = "" };
            End(turn, JobPhase.Failed, reason);
            return;
        }
        End(turn, JobPhase.Succeeded, "all steps are done and the model is stored");
    }

    private static void OnEvaluation(Turn turn, EvaluationReport message)
    {
        // The scores follow from specification and data: those of an older generation are as good, and never differ.
        if (message.Step <= turn.State.Progress.EvaluatedStep)
        {
            return;
        }
        turn.State = turn.State with { Progress = turn.State.Progress.With(message), LastHeard = turn.Now };
        turn.Publish(
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

    private static void OnCheckpoint(Turn turn, CheckpointReport message)
    {
        turn.State = turn.State with { LastHeard = turn.Now };
        turn.Publish(
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
