namespace TrainingCluster.Chaos;

/// <summary>What can be done to a cluster.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL to a worker, which starts again under its name.</summary>
    Kill,

    /// <summary>SIGKILL to several, all but one or all workers at once, which start again under their names.</summary>
    Outage,

    /// <summary>SIGSTOP to a worker, SIGCONT seconds later.</summary>
    Stop,

    /// <summary>One more worker starts.</summary>
    Join,

    /// <summary>SIGTERM to a worker.</summary>
    Leave,

    /// <summary>SIGKILL to the coordinator, which starts again with its folder and ports.</summary>
    Coordinator,

    /// <summary>SIGKILL to every process; all start again.</summary>
    Power,

    /// <summary>The newest checkpoint is damaged while the power is off.</summary>
    Damage,

    /// <summary>A worker runs a tenth of the time.</summary>
    Slow,

    /// <summary>The coordinator's disk is full, or read-only.</summary>
    Disk,

    /// <summary>Links are cut without a word, between workers and coordinator or among workers.</summary>
    Partition,

    /// <summary>A worker's link is narrow and drops what does not fit.</summary>
    Narrow,

    /// <summary>A worker's link delays, loses, repeats and reorders packets.</summary>
    Lossy,

    /// <summary>Strangers send garbage, cut-off and late messages to every port.</summary>
    Garbage,

    /// <summary>The wall clock of one process or of all is an hour off.</summary>
    Clock,
}
