using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>A job and what it has got so far, while the queue decides.</summary>
/// <param name="job">The job.</param>
internal sealed class Share(JobDemand job)
{
    public JobDemand Job => job;

    /// <summary>How its workers compute (fingerprint); null: it has none yet and may have any.</summary>
    public string? Kind { get; set; } = job.Arithmetic?.Fingerprint;

    /// <summary>Workers that it keeps or gets; those that drain or are asked back are not among them.</summary>
    public List<WorkerSupply> Workers { get; } = [];

    /// <summary>Workers that it has only until they have gone: they drain.</summary>
    public List<WorkerSupply> Draining { get; } = [];

    /// <summary>Workers that it gives back, and for whom.</summary>
    public SortedDictionary<string, string> AskedBack { get; } = new(StringComparer.Ordinal);

    public string YieldsTo { get; set; } = job.YieldsTo;

    public bool Yields => YieldsTo.Length > 0;

    public QueueVerdict Verdict { get; set; } = QueueVerdict.Keeps;

    public string LeftAside { get; set; } = "";

    /// <summary>Workers that are free for it while others come back.</summary>
    public int Reserved { get; set; }

    /// <summary>It has no workers but such as drain, and does not give any back at this moment.</summary>
    public bool HasNone => !Yields && Workers.Count + AskedBack.Count == 0;

    /// <summary>What it has above its minimum.</summary>
    public int Surplus => Math.Max(0, Workers.Count - Math.Max(1, job.Min));

    /// <summary>Another job as this one's people may know it: ids of other namespaces are none of their business.</summary>
    public string Named(Share other) => other.Job.Namespace == job.Namespace ? other.Job.Id : "a job of another namespace";
}
