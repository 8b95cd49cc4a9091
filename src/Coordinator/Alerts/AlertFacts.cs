using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Telemetry;

namespace TrainingCluster.Coordinator.Alerts;

/// <summary>What the coordinator knows of itself, from which alerts follow.</summary>
public sealed record AlertFacts
{
    /// <summary>When it was so.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Workers that were lost without taking leave and have not come back.</summary>
    public IReadOnlyCollection<string> Missing { get; init; } = [];

    /// <summary>Jobs that failed a short while ago.</summary>
    public IReadOnlyList<AlertJob> Failed { get; init; } = [];

    /// <summary>Jobs that run.</summary>
    public IReadOnlyList<AlertJob> Running { get; init; } = [];

    /// <summary>Jobs that wait for workers.</summary>
    public int QueuedJobs { get; init; }

    /// <summary>Workers that no job has.</summary>
    public int IdleWorkers { get; init; }

    /// <summary>The disk of the data folder; null: it cannot be asked.</summary>
    public DiskUse? Disk { get; init; }

    /// <summary>When the coordinator's certificate ends; null: it has none.</summary>
    public DateTimeOffset? CertificateEnd { get; init; }
}

/// <summary>A job, as far as alerts go.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Namespace">Where it is.</param>
/// <param name="Reason">Why it is in its state.</param>
/// <param name="Vital">How it gets on; null: not known.</param>
public sealed record AlertJob(string Id, string Namespace, string Reason, JobVital? Vital);
