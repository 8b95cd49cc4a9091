using TrainingCluster.Access;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Everything that the queue decides by.</summary>
/// <param name="Now">The time.</param>
/// <param name="Jobs">All jobs that want workers, or have some.</param>
/// <param name="Workers">All workers that live.</param>
/// <param name="Options">Quotas, shares and limits.</param>
public sealed record QueueState(
    DateTimeOffset Now,
    IReadOnlyCollection<JobDemand> Jobs,
    IReadOnlyCollection<WorkerSupply> Workers,
    QueueOptions Options
);

/// <summary>A job that wants workers.</summary>
public sealed record JobDemand
{
    /// <summary>The job.</summary>
    public required string Id { get; init; }

    /// <summary>The order of submission: smaller is earlier.</summary>
    public required long Number { get; init; }

    /// <summary>Whose it is: quotas and fair shares are those of namespaces.</summary>
    public string Namespace { get; init; } = Caller.DefaultNamespace;

    /// <summary>Greater goes first.</summary>
    public int Priority { get; init; }

    /// <summary>It does not start with fewer.</summary>
    public int Min { get; init; } = 1;

    /// <summary>It gets no more.</summary>
    public int Max { get; init; } = 1;

    /// <summary>It stands in the queue. Otherwise it has a generation, or is about to have the next one.</summary>
    public bool Waits { get; init; } = true;

    /// <summary>Since when it waits.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>It has trained before: if it loses workers it goes on with any number.</summary>
    public bool Started { get; init; }

    /// <summary>The queue took all its workers away: it goes on with <see cref="Min"/> of them, not with fewer.</summary>
    public bool Preempted { get; init; }

    /// <summary>For whom it is being preempted, as people read it; empty: it is not.</summary>
    public string YieldsTo { get; init; } = "";

    /// <summary>How its workers must compute, because its weights were computed so; null: any way, but all alike.</summary>
    public Arithmetic? Arithmetic { get; init; }

    /// <summary>With fewer it does not begin or go on.</summary>
    public int Least => Started && !Preempted ? 1 : Min;
}

/// <summary>A living worker.</summary>
/// <param name="Id">The worker.</param>
/// <param name="JobId">The job that has it; empty: none.</param>
/// <param name="Draining">It is about to end: it takes no new job.</param>
/// <param name="Arithmetic">How it computes.</param>
/// <param name="Registered">When it registered first.</param>
public sealed record WorkerSupply(string Id, string JobId, bool Draining, Arithmetic Arithmetic, DateTimeOffset Registered)
{
    /// <summary>The job whose state it holds in memory, if it has no other work; empty: none.</summary>
    public string StateOf { get; init; } = "";

    /// <summary>For whom its job was asked to give it back, as people read it; empty: it was not.</summary>
    public string GoesTo { get; init; } = "";
}
