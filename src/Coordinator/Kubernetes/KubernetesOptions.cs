using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>The times of the controller of TrainingJobs.</summary>
public sealed record KubernetesOptions
{
    /// <summary>How long a coordinator that leads may be silent before another may take over. More than RenewDeadline.</summary>
    [DurationRange("1 s", "10 min")]
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A coordinator that could not renew its lease for so long stops leading. Less than LeaseDuration.</summary>
    [DurationRange("500 ms", "10 min")]
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the lease is renewed, or looked at. Less than RenewDeadline.</summary>
    [DurationRange("100 ms", "1 min")]
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Progress is written into the status of a TrainingJob this often; what else changes, at once.</summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often each TrainingJob is held against its job, whether or not anything was heard of either.</summary>
    [DurationRange("100 ms", "1 h")]
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause before what failed is tried again; the first is 200 ms, and it doubles.</summary>
    [DurationRange("200 ms", "10 min")]
    public TimeSpan RetryLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a coordinator with a new store waits for workers that hold the job of a TrainingJob, before it makes the job anew.
    /// </summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan AdoptionTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch is asked for; the API server ends it then, and it is taken up again.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long workers without work are kept before the StatefulSet is made smaller.</summary>
    [DurationRange("0 s", "24 h")]
    public TimeSpan IdleWorkers { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the StatefulSet of the workers is held against the queue.</summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan ScaleInterval { get; init; } = TimeSpan.FromSeconds(5);

    internal ReconcileOptions Reconcile => new(StatusInterval, AdoptionTime);
}

/// <summary>Where the API server is, and what of it is ours.</summary>
public sealed record KubernetesAccess
{
    /// <summary>A kubeconfig; null: the pod's own service account.</summary>
    public string? Config { get; init; }

    /// <summary>Only TrainingJobs of this namespace; null: of all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Namespace of the lease and of the workers' StatefulSet.</summary>
    public required string Home { get; init; }

    /// <summary>Folder whose folders are the volumes that a TrainingJob may name; null: there are none.</summary>
    public string? Volumes { get; init; }

    /// <summary>Which StatefulSet is scaled, and how far; null: none.</summary>
    public WorkerBounds? Workers { get; init; }

    /// <summary>Name of this process among those that may lead.</summary>
    public string Identity { get; init; } =
        $"{Environment.MachineName}-{Guid.NewGuid():N}"[..Math.Min(60, Environment.MachineName.Length + 9)];
}
