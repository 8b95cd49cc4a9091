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

    /// <summary>The queue asks a member back for another job.</summary>
    WorkerReclaimed,

    /// <summary>The queue asks all members back: they come to the end of a step, and the job's state is stored.</summary>
    Preempted,

    /// <summary>Another share of the shards makes the step shorter: a member has become slower or faster.</summary>
    Rebalance,

    /// <summary>Members did not start, or fell silent, in time.</summary>
    TimedOut,

    /// <summary>The coordinator came back and found the last generation broken.</summary>
    CoordinatorRestarted,
}

/// <summary>Names of causes for programs.</summary>
public static class GenerationCauses
{
    /// <summary>WorkerLost is worker_lost in a label.</summary>
    public static string ToLabel(this GenerationCause cause) =>
        string.Concat(cause.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
