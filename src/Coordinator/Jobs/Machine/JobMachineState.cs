using System.Collections.Immutable;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>All that the machine knows of a job. Immutable: a transition gives a new one.</summary>
public sealed record JobMachineState
{
    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>What it is to do, every field filled in. What its weights depend on never changes.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>Where it stands.</summary>
    public JobPhase Phase { get; init; } = JobPhase.Waiting;

    /// <summary>Why it stands there, for people.</summary>
    public string Reason { get; init; } = "";

    /// <summary>When it came into this phase; every time-out of a phase counts from here.</summary>
    public DateTimeOffset PhaseSince { get; init; }

    /// <summary>Greatest generation number used.</summary>
    public long Generation { get; init; }

    /// <summary>The last generation that was started, as sent to its members. A message is made once and never changed.</summary>
    public StartGeneration? Plan { get; init; }

    /// <summary>What belongs to the generation that is being prepared, started or run.</summary>
    public GenerationState Current { get; init; } = new();

    /// <summary>What belongs to the change that led to it.</summary>
    public GroupChange Change { get; init; } = new();

    /// <summary>Living workers that the job has, by id.</summary>
    public ImmutableSortedDictionary<string, PoolWorker> Pool { get; init; } =
        ImmutableSortedDictionary.Create<string, PoolWorker>(StringComparer.Ordinal);

    /// <summary>Why workers of the job are lost, by id, as last told.</summary>
    public ImmutableSortedDictionary<string, string> Lost { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>How the workers compute that the newest generation was called from; null: none was.</summary>
    public Arithmetic? Arithmetic { get; init; }

    /// <summary>Which free workers the job does not have because they compute otherwise, for people; empty: none.</summary>
    public string LeftAside { get; init; } = "";

    /// <summary>What the queue says of the job.</summary>
    public QueueWord Queue { get; init; } = QueueWord.None;

    /// <summary>Since when it has waited in the queue; null: it does not wait.</summary>
    public DateTimeOffset? Queued { get; init; }

    /// <summary>Why it waits, or waited last, as the queue said last; empty: it has said nothing.</summary>
    public string WaitedFor { get; init; } = "";

    /// <summary>It waits because it was preempted, and for whom; empty: it was not.</summary>
    public string PreemptedFor { get; init; } = "";

    /// <summary>Workers that are not called for a while, by id.</summary>
    public ImmutableSortedDictionary<string, LeftOut> LeftOut { get; init; } =
        ImmutableSortedDictionary.Create<string, LeftOut>(StringComparer.Ordinal);

    /// <summary>
    /// Measured speeds in shards a second, by worker id, kept from generation to generation for as long as the worker is there.
    /// </summary>
    public ImmutableSortedDictionary<string, double> Speeds { get; init; } =
        ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    /// <summary>Newest whole checkpoint; empty: none.</summary>
    public string CheckpointId { get; init; } = "";

    /// <summary>Its step.</summary>
    public long CheckpointStep { get; init; }

    /// <summary>The generation that it was taken in.</summary>
    public long CheckpointGeneration { get; init; }

    /// <summary>Every generation whose plan was sent, by number. A new one is durable together with the plan.</summary>
    public ImmutableSortedDictionary<long, LedgerEntry> Ledger { get; init; } = ImmutableSortedDictionary<long, LedgerEntry>.Empty;

    /// <summary>When a member last said something in the present generation.</summary>
    public DateTimeOffset LastHeard { get; init; }

    /// <summary>Generations in a row that failed without one step done.</summary>
    public int FailuresInARow { get; init; }

    /// <summary>No new generation before this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When the first generation was called together.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>How long it has been active.</summary>
    public ActiveTime Active { get; init; } = ActiveTime.None;

    /// <summary>When the job ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The result's; empty unless succeeded.</summary>
    public string WeightsSha256 { get; init; } = "";

    /// <summary>Step, scores and rates for people.</summary>
    public Progress Progress { get; init; } = new();

    /// <summary>The durable part.</summary>
    public JobRecord Record =>
        new(Phase, Reason, Generation, Plan, Started, Ended, WeightsSha256, Active, Arithmetic, Queued, PreemptedFor);
}

/// <summary>A worker that failed to prepare or start is not called again before <paramref name="Until"/>.</summary>
/// <param name="Incarnation">Its process: a restarted one starts afresh.</param>
/// <param name="Failures">In a row.</param>
/// <param name="Until">When it may be called again.</param>
public sealed record LeftOut(string Incarnation, int Failures, DateTimeOffset Until);
