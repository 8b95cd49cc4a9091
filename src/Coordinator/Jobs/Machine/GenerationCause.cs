namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Why a generation was made. The names are label values of the metric of generation changes.</summary>
public enum GenerationCause
{
    /// <summary>The job's first one, or workers came back to a job that had none.</summary>
    Start,

    /// <summary>A member died, became unreachable or was restarted.</summary>
    WorkerLost,

    /// <summary>A member reported that the generation cannot go on.</summary>
    WorkerFailed,

    /// <summary>Newcomers are taken in.</summary>
    WorkerJoined,

    /// <summary>A member that drains is let go.</summary>
    WorkerDrained,

    /// <summary>Members did not start, or fell silent, in time.</summary>
    TimedOut,

    /// <summary>The coordinator came back and found the last generation broken.</summary>
    CoordinatorRestarted,
}
