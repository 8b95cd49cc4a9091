using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>What the gRPC services ask of the actors.</summary>
public interface IJobControl
{
    /// <summary>A job was stored: queue it.</summary>
    void JobCreated(StoredJob job);

    /// <summary>A job's specification was changed in the store: the queue acts on it. Completes when it has heard of it.</summary>
    Task EditedAsync(StoredJob job, CancellationToken cancellationToken);

    /// <summary>Cancels a job; completes when that is durable. A job that has ended stays as it is.</summary>
    Task CancelAsync(string jobId, string reason, CancellationToken cancellationToken);

    /// <summary>Suspends a job; completes when that is durable.</summary>
    Task SuspendAsync(string jobId, CancellationToken cancellationToken);

    /// <summary>Resumes a suspended job; completes when that is durable.</summary>
    Task ResumeAsync(string jobId, CancellationToken cancellationToken);

    /// <summary>The newest whole checkpoint of a job is another now.</summary>
    void CheckpointsChanged(string jobId);

    /// <summary>Who waits, who has workers, and why, now.</summary>
    /// <param name="name">Of one namespace alone; empty: of all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<QueueStatus> QueueAsync(string name, CancellationToken cancellationToken);

    /// <summary>The coordinator and its workers, now.</summary>
    Task<ClusterStatus> ClusterAsync(CancellationToken cancellationToken);
}
