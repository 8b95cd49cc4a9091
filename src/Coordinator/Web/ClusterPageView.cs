using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>What the page of the cluster shows.</summary>
/// <param name="Jobs">The newest.</param>
/// <param name="Queue">Who waits, and why.</param>
/// <param name="Cluster">Its workers.</param>
/// <param name="Pulses">Newest steps by worker.</param>
/// <param name="Disk">The disk of the data folder; null: it cannot be asked.</param>
/// <param name="Notices">What needs attention, the worst first.</param>
public sealed record ClusterPageView(
    IReadOnlyList<StoredJob> Jobs,
    QueueStatus Queue,
    ClusterStatus Cluster,
    IReadOnlyDictionary<string, WorkerPulse> Pulses,
    DiskUse? Disk,
    IReadOnlyList<Notice> Notices
);

/// <summary>A disk, in bytes.</summary>
/// <param name="Size">All of it.</param>
/// <param name="Used">What is not free for us.</param>
public sealed record DiskUse(long Size, long Used);
