using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Files;
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
/// <param name="Alerts">Those that fire, then those that are pending; the gravest first.</param>
public sealed record ClusterPageView(
    IReadOnlyList<StoredJob> Jobs,
    QueueStatus Queue,
    ClusterStatus Cluster,
    IReadOnlyDictionary<string, WorkerPulse> Pulses,
    DiskUse? Disk,
    IReadOnlyList<Alert> Alerts
);
