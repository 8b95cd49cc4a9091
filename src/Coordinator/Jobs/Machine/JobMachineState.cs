using System.Collections.Immutable;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>All that the machine knows of a job. Immutable: a transition gives a new one.</summary>
public sealed record JobMachineState
{
    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>What it is to do, every field filled in. Never changed.</summary>
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

    /// <summary>Members of the generation that is being prepared, started or run.</summary>
    public ImmutableSortedDictionary<string, GroupMember> Members { get; init; } =
        ImmutableSortedDictionary.Create<string, GroupMember>(StringComparer.Ordinal);

    /// <summary>Newcomers that prepare under a number of their own while the others train on.</summary>
    public ImmutableSortedDictionary<string, GroupMember> Newcomers { get; init; } =
        ImmutableSortedDictionary.Create<string, GroupMember>(StringComparer.Ordinal);

    /// <summary>Living workers that the job has, by id.</summary>
    public ImmutableSortedDictionary<string, PoolWorker> Pool { get; init; } =
        ImmutableSortedDictionary.Create<string, PoolWorker>(StringComparer.Ordinal);

    /// <summary>How the workers compute that the newest generation was called from; null: none was.</summary>
    public Arithmetic? Arithmetic { get; init; }

    /// <summary>Which free workers the job does not have because they compute otherwise, for people; empty: none.</summary>
    public string LeftAside { get; init; } = "";

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

    /// <summary>Why the present generation was made.</summary>
    public GenerationCause Cause { get; init; }

    /// <summary>When the change that led to the present generation was noticed.</summary>
    public DateTimeOffset? NoticedAt { get; init; }

    /// <summary>When the present plan was sent.</summary>
    public DateTimeOffset? PlanSentAt { get; init; }

    /// <summary>When all its members had started.</summary>
    public DateTimeOffset? AllStartedAt { get; init; }

    /// <summary>
    /// The step at which the members of the older generation end it in order, while the next one is being prepared; 0: they
    /// ended it at once.
    /// </summary>
    public long FinishStep { get; init; }

    /// <summary>When those who have not come to that step are told to end at once.</summary>
    public DateTimeOffset FinishBy { get; init; }

    /// <summary>Since when another share of the shards has been clearly better; null: it is not.</summary>
    public DateTimeOffset? BetterSince { get; init; }

    /// <summary>How long the older generation had been silent when its fault was noticed; zero: there was no fault.</summary>
    public TimeSpan Detected { get; init; }

    /// <summary>Steps that are done again, or were broken off, in the change to the present generation.</summary>
    public long Discarded { get; init; }

    /// <summary>When the wait for the other members of the last generation ends, of which one has said that it trains no more.</summary>
    public DateTimeOffset? RecoverUntil { get; init; }

    /// <summary>Whether the call, or the plan, was repeated to those who seem to have missed it.</summary>
    public bool InvitationRepeated { get; init; }

    /// <summary>When a member last said something in the present generation.</summary>
    public DateTimeOffset LastHeard { get; init; }

    /// <summary>When the model was stored: success follows once the others have said so too.</summary>
    public DateTimeOffset? ModelStoredAt { get; init; }

    /// <summary>Generations in a row that failed without one step done.</summary>
    public int FailuresInARow { get; init; }

    /// <summary>No new generation before this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When the first generation was called together.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When the job ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The result's; empty unless succeeded.</summary>
    public string WeightsSha256 { get; init; } = "";

    /// <summary>Step, scores and rates for people.</summary>
    public Progress Progress { get; init; } = new();

    /// <summary>The durable part.</summary>
    public JobRecord Record => new(Phase, Reason, Generation, Plan, Started, Ended, WeightsSha256, Arithmetic);
}

/// <summary>A worker that failed to prepare or start is not called again before <paramref name="Until"/>.</summary>
/// <param name="Incarnation">Its process: a restarted one starts afresh.</param>
/// <param name="Failures">In a row.</param>
/// <param name="Until">When it may be called again.</param>
public sealed record LeftOut(string Incarnation, int Failures, DateTimeOffset Until);
