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
/// A job's state machine: a pure function of state, input and time. docs/job-life-cycle.md writes down its states, events and
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
        var transition = new TransitionBuilder(state, now, options);
        switch (input)
        {
            case PoolChanged pool:
                OnPool(transition, pool);
                break;
            case WorkerReported said:
                OnWorker(transition, said);
                break;
            case CheckpointsChanged checkpoints:
                transition.State = transition.State with
                {
                    CheckpointId = checkpoints.NewestId,
                    CheckpointStep = checkpoints.NewestStep,
                    CheckpointGeneration = checkpoints.NewestGeneration,
                };
                break;
            case CancelRequested cancel:
                OnCancel(transition, cancel);
                break;
            case SuspendRequested:
                OnSuspend(transition);
                break;
            case ResumeRequested:
                OnResume(transition);
                break;
            case TimePassed:
                OnTime(transition);
                break;
            default:
                throw new ArgumentException($"Unknown input {input?.GetType().Name}.", nameof(input));
        }
        AnnounceState(transition, state);
        return new(transition.State, [.. transition.Effects]);
    }

    private static void AnnounceState(TransitionBuilder transition, JobMachineState before)
    {
        var after = transition.State;
        if (before.Phase.ToJobState() == after.Phase.ToJobState())
        {
            return;
        }
        transition.Publish(
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

    private static void OnCancel(TransitionBuilder transition, CancelRequested cancel)
    {
        if (transition.State.Phase.HasEnded())
        {
            return;
        }
        End(transition, JobPhase.Cancelled, cancel.Reason.Length == 0 ? "cancelled" : $"cancelled: {cancel.Reason}");
    }

    private static void OnSuspend(TransitionBuilder transition)
    {
        if (!transition.State.Phase.WantsWorkers())
        {
            return;
        }
        if (transition.State.ModelStoredAt is not null)
        {
            Succeed(transition);
            return;
        }
        var holder = NewestHolder(transition.State, draining: false);
        Dismiss(transition, "suspended", keepState: true, holder?.Id);
        transition.Enter(JobPhase.Suspended, "suspended by request");
    }

    private static void OnResume(TransitionBuilder transition)
    {
        if (transition.State.Phase != JobPhase.Suspended)
        {
            return;
        }
        transition.State = transition.State with { FailuresInARow = 0, NotBefore = null, LeftOut = transition.State.LeftOut.Clear() };
        transition.Enter(JobPhase.Waiting, "resumed; waits for workers");
        OpenRendezvous(transition, GenerationCause.Start, "resumed");
    }

    /// <summary>Ends the job for good.</summary>
    private static void End(TransitionBuilder transition, JobPhase phase, string reason)
    {
        Dismiss(transition, reason, keepState: false);
        transition.State = transition.State with { Ended = transition.Now };
        transition.Enter(phase, reason);
    }

    /// <summary>
    /// Tells everyone who works for the job to stop, and forgets the generation. <paramref name="storing"/> stores its state first.
    /// </summary>
    private static void Dismiss(TransitionBuilder transition, string reason, bool keepState, string? storing = null)
    {
        var members = transition
            .State.Members.Keys.Concat(transition.State.Newcomers.Keys)
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
        ClearGeneration(transition);
    }

    private static void ClearGeneration(TransitionBuilder transition) =>
        transition.State = transition.State with
        {
            Members = transition.State.Members.Clear(),
            Newcomers = transition.State.Newcomers.Clear(),
            RecoverUntil = null,
            PlanSentAt = null,
            FinishStep = 0,
            BetterSince = null,
            AllStartedAt = null,
            InvitationRepeated = false,
            ModelStoredAt = null,
        };
}
