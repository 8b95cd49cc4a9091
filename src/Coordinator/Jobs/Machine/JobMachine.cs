using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>A transition's outcome.</summary>
/// <param name="State">The new state.</param>
/// <param name="Effects">What is to be done, in order.</param>
public sealed record JobTransition(JobMachineState State, ImmutableArray<JobEffect> Effects)
{
    /// <summary>Why the job stands where it stands now.</summary>
    public string Reason => State.Reason;
}

/// <summary>
/// A job's state machine: a pure function of state, input and time. docs/protocol.md writes down its states, events and
/// transitions; the actor only applies what comes out.
/// </summary>
/// <remarks>
/// Three things hold whatever is lost, repeated or late. A generation number is used once. A plan is made once, and every
/// member gets the same message. A generation starts from the greatest step that any of its members, or a checkpoint, holds.
/// </remarks>
public static partial class JobMachine
{
    /// <summary>A job as submitted.</summary>
    public static JobMachineState Create(string jobId, JobSpec spec, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var suspended = spec.Suspend;
        return new()
        {
            JobId = jobId,
            Spec = spec,
            Phase = suspended ? JobPhase.Suspended : JobPhase.Waiting,
            Reason = suspended ? "submitted with suspend: true" : "waits for workers",
            PhaseSince = now,
        };
    }

    /// <summary>A job as a coordinator that came back finds it in its store.</summary>
    public static JobMachineState Restore(string jobId, JobSpec spec, JobRecord record, Progress progress, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(record);
        var state = new JobMachineState
        {
            JobId = jobId,
            Spec = spec,
            Phase = record.Phase,
            Reason = record.Reason,
            PhaseSince = now,
            Generation = record.Generation,
            Plan = record.Plan,
            Started = record.Started,
            Ended = record.Ended,
            WeightsSha256 = record.WeightsSha256,
            Arithmetic = record.Arithmetic,
            Progress = progress,
        };
        return record.Phase is JobPhase.Preparing or JobPhase.Starting or JobPhase.Running or JobPhase.BackingOff or JobPhase.Leaving
            ? state with
            {
                Phase = JobPhase.Recovering,
                Reason = "the coordinator came back and waits for the members to report",
                NoticedAt = now,
            }
            : state;
    }

    /// <summary>What follows from <paramref name="input"/> at <paramref name="now"/>.</summary>
    public static JobTransition Step(JobMachineState state, JobInput input, DateTimeOffset now, JobMachineOptions options)
    {
        ArgumentNullException.ThrowIfNull(state);
        var turn = new Turn(state, now, options);
        switch (input)
        {
            case PoolChanged pool:
                OnPool(turn, pool);
                break;
            case WorkerSaid said:
                OnWorker(turn, said);
                break;
            case CheckpointsChanged checkpoints:
                turn.State = turn.State with
                {
                    CheckpointId = checkpoints.NewestId,
                    CheckpointStep = checkpoints.NewestStep,
                    CheckpointGeneration = checkpoints.NewestGeneration,
                };
                break;
            case CancelRequested cancel:
                OnCancel(turn, cancel);
                break;
            case SuspendRequested:
                OnSuspend(turn);
                break;
            case ResumeRequested:
                OnResume(turn);
                break;
            case TimePassed:
                OnTime(turn);
                break;
            default:
                throw new ArgumentException($"Unknown input {input?.GetType().Name}.", nameof(input));
        }
        AnnounceState(turn, state);
        return new(turn.State, [.. turn.Effects]);
    }

    private static void AnnounceState(Turn turn, JobMachineState before)
    {
        var after = turn.State;
        if (before.Phase.ToJobState() == after.Phase.ToJobState())
        {
            return;
        }
        turn.Publish(
            new JobEvent
            {
                State = new StateChanged
                {
                    State = after.Phase.ToJobState(),
                    Reason = after.Reason,
                    WeightsSha256 = after.WeightsSha256,
                },
            }
        );
    }

    private static void OnCancel(Turn turn, CancelRequested cancel)
    {
        if (turn.State.Phase.HasEnded())
        {
            return;
        }
        End(turn, JobPhase.Cancelled, cancel.Reason.Length == 0 ? "cancelled" : $"cancelled: {cancel.Reason}");
    }

    private static void OnSuspend(Turn turn)
    {
        if (!turn.State.Phase.WantsWorkers())
        {
            return;
        }
        if (turn.State.ModelStoredAt is not null)
        {
            Succeed(turn);
            return;
        }
        var holder = NewestHolder(turn.State, draining: false);
        Dismiss(turn, "suspended", keepState: true, holder?.Id);
        turn.Enter(JobPhase.Suspended, "suspended by request");
    }

    private static void OnResume(Turn turn)
    {
        if (turn.State.Phase != JobPhase.Suspended)
        {
            return;
        }
        turn.State = turn.State with { FailuresInARow = 0, NotBefore = null, LeftOut = turn.State.LeftOut.Clear() };
        turn.Enter(JobPhase.Waiting, "resumed; waits for workers");
        CallGeneration(turn, GenerationCause.Start, "resumed");
    }

    /// <summary>Ends the job for good.</summary>
    private static void End(Turn turn, JobPhase phase, string reason)
    {
        Dismiss(turn, reason, keepState: false);
        turn.State = turn.State with { Ended = turn.Now };
        turn.Enter(phase, reason);
    }

    /// <summary>
    /// Tells everyone who works for the job to stop, and forgets the generation. <paramref name="storing"/> stores its state first.
    /// </summary>
    private static void Dismiss(Turn turn, string reason, bool keepState, string? storing = null)
    {
        var members = turn
            .State.Seats.Keys.Concat(turn.State.Newcomers.Keys)
            .Concat(turn.State.Pool.Values.Where(w => w.Claim is not null).Select(w => w.Id))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        foreach (var id in members)
        {
            turn.Send(
                id,
                new StopTraining
                {
                    JobId = turn.State.JobId,
                    Generation = turn.State.Generation,
                    Reason = reason,
                    KeepState = keepState,
                    StoreCheckpoint = id == storing,
                }
            );
        }
        ClearGeneration(turn);
    }

    private static void ClearGeneration(Turn turn) =>
        turn.State = turn.State with
        {
            Seats = turn.State.Seats.Clear(),
            Newcomers = turn.State.Newcomers.Clear(),
            RecoverUntil = null,
            PlanSentAt = null,
            FinishStep = 0,
            BetterSince = null,
            AllStartedAt = null,
            CallRepeated = false,
            ModelStoredAt = null,
        };
}
