using System.Collections.Immutable;
using TrainingCluster.Jobs;
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
public static class JobMachine
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
            Queued = suspended ? null : now,
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
            Active = record.Active,
            Ended = record.Ended,
            WeightsSha256 = record.WeightsSha256,
            Arithmetic = record.Arithmetic,
            Queued = record.Phase == JobPhase.Waiting ? record.Queued ?? now : null,
            PreemptedFor = record.PreemptedFor,
            Progress = progress,
        };
        return record.Phase is JobPhase.Preparing or JobPhase.Starting or JobPhase.Running or JobPhase.BackingOff or JobPhase.Leaving
            ? state with
            {
                Phase = JobPhase.Recovering,
                Reason = "the coordinator came back and waits for the members to report",
                Change = new() { NoticedAt = now },
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
                Pool.OnChanged(transition, pool);
                break;
            case WorkerReported said:
                OnReport(transition, said.Report);
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
                Commands.Cancel(transition, cancel);
                break;
            case SuspendRequested:
                Commands.Suspend(transition);
                break;
            case ResumeRequested:
                Commands.Resume(transition);
                break;
            case SpecEdited edited:
                transition.State = transition.State with { Spec = edited.Spec };
                break;
            case TimePassed:
                Passing.OnTime(transition);
                break;
            default:
                throw new ArgumentException($"Unknown input {input?.GetType().Name}.", nameof(input));
        }
        AnnounceState(transition, state);
        return new(transition.State, [.. transition.Effects]);
    }

    private static void OnReport(TransitionBuilder transition, WorkerReport report)
    {
        if (transition.State.Phase.HasEnded())
        {
            // Steps may still be on their way; anyone else has missed that the job is over.
            if (report.ReportCase != WorkerReport.ReportOneofCase.Step)
            {
                transition.Stale(report);
            }
            return;
        }
        switch (report.ReportCase)
        {
            case WorkerReport.ReportOneofCase.Acknowledged:
                Rendezvous.OnAcknowledged(transition, report.Header);
                break;
            case WorkerReport.ReportOneofCase.Joined:
                Rendezvous.OnJoined(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Started:
                Training.OnStarted(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Step:
                Training.OnStep(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Evaluation:
                Training.OnEvaluation(transition, report.Evaluation);
                break;
            case WorkerReport.ReportOneofCase.Checkpoint:
                Training.OnCheckpoint(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Failed:
                Failures.OnGenerationFailed(transition, report);
                break;
            case WorkerReport.ReportOneofCase.JobFailed:
                Failures.OnJobFailed(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Completed:
                Ending.OnCompleted(transition, report);
                break;
            case WorkerReport.ReportOneofCase.Stopped:
                Draining.OnStopped(transition, report.Header);
                break;
            case WorkerReport.ReportOneofCase.Log:
                transition.Log(LogSeverities.Of(report.Log.Level), report.Header.WorkerId, report.Log.Text);
                break;
        }
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
                    WaitedFor = before.Phase == JobPhase.Waiting ? after.WaitedFor : "",
                },
            }
        );
    }
}
