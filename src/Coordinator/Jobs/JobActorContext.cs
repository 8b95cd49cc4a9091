using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>What every job's actor works with.</summary>
internal sealed record JobActorContext(
    CoordinatorSettings Settings,
    JobStore Store,
    CheckpointLibrary Checkpoints,
    CoordinatorMetrics Metrics,
    WorkerPulses Pulses,
    TimeProvider Time,
    ILoggerFactory Loggers
);
