using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Where a job stands. docs/job-life-cycle.md draws the transitions.</summary>
public enum JobPhase
{
    /// <summary>No worker is there for it.</summary>
    Waiting,

    /// <summary>After failures in a row: the next generation is tried when the back-off ends.</summary>
    BackingOff,

    /// <summary>A generation is being called together: its members end older work and say what they hold.</summary>
    Preparing,

    /// <summary>The plan is out: members take the state they lack and connect.</summary>
    Starting,

    /// <summary>All members train.</summary>
    Running,

    /// <summary>Everybody leaves: the newest state is being stored as a checkpoint.</summary>
    Leaving,

    /// <summary>The coordinator came back: the last generation may still be training without it.</summary>
    Recovering,

    /// <summary>Held by the user; goes on when resumed.</summary>
    Suspended,

    /// <summary>Ended: the model is stored.</summary>
    Succeeded,

    /// <summary>Ended by an error.</summary>
    Failed,

    /// <summary>Ended by the user.</summary>
    Cancelled,
}

/// <summary>What phases mean to clients.</summary>
public static class JobPhases
{
    /// <summary>Whether the job is over for good.</summary>
    public static bool HasEnded(this JobPhase phase) => phase is JobPhase.Succeeded or JobPhase.Failed or JobPhase.Cancelled;

    /// <summary>Whether workers are kept for the job or wanted by it.</summary>
    public static bool WantsWorkers(this JobPhase phase) => !phase.HasEnded() && phase != JobPhase.Suspended;

    /// <summary>The state that clients see.</summary>
    public static JobState ToJobState(this JobPhase phase) =>
        phase switch
        {
            JobPhase.Waiting => JobState.Queued,
            JobPhase.Suspended => JobState.Suspended,
            JobPhase.Succeeded => JobState.Succeeded,
            JobPhase.Failed => JobState.Failed,
            JobPhase.Cancelled => JobState.Cancelled,
            _ => JobState.Running,
        };
}
