namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>The times of <see cref="Reconciler"/>.</summary>
/// <param name="StatusInterval">Progress alone is written this often.</param>
/// <param name="AdoptionTime">How long a coordinator with a new store waits for workers that hold the job.</param>
internal sealed record ReconcileOptions(TimeSpan StatusInterval, TimeSpan AdoptionTime);
