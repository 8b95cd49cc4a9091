using System.Collections.Immutable;
using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

// Messages inside the coordinator's process. What crosses processes stands in control.proto.

/// <summary>Jobs found in the store at start.</summary>
internal sealed record JobsLoaded(IReadOnlyList<StoredJob> Jobs);

/// <summary>A job was submitted, and is stored; its actor is to be made.</summary>
internal sealed record JobAdded(StoredJob Job);

/// <summary>A job's specification was changed, and is stored. Answered by <see cref="CommandDone"/>.</summary>
internal sealed record JobEdited(StoredJob Job);

/// <summary>The user wants something of a job. Answered by <see cref="CommandDone"/> once durable.</summary>
internal sealed record JobCommand(string JobId, JobInput Input);

/// <summary>A command was carried out, or the job had ended before.</summary>
internal sealed record CommandDone
{
    public static CommandDone Instance { get; } = new();
}

/// <summary>Checkpoints of a job were added, removed or found damaged.</summary>
internal sealed record CheckpointsMoved(string JobId);

/// <summary>Answered by <see cref="ClusterStatus"/>.</summary>
internal sealed record StatusRequested
{
    public static StatusRequested Instance { get; } = new();
}

/// <summary>A worker's report is stored.</summary>
internal sealed record ReportStored(string WorkerId, string Incarnation, long Sequence);

/// <summary>
/// A job's actor to the coordinator: where the job stands, and who must not go (members of its generation, holders of its state).
/// </summary>
/// <param name="JobId">The job.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="Started">It has trained before.</param>
/// <param name="Members">Who must not go.</param>
/// <param name="Arithmetic">How its workers must compute; null: any way.</param>
internal sealed record JobStatus(string JobId, JobPhase Phase, bool Started, ImmutableHashSet<string> Members, Arithmetic? Arithmetic)
{
    /// <summary>Numbers of workers that it was asked to give back and has let go.</summary>
    public ImmutableHashSet<long> Released { get; init; } = [];

    /// <summary>Since when it waits; null: it does not.</summary>
    public DateTimeOffset? Queued { get; init; }

    /// <summary>It waits because it was preempted.</summary>
    public bool Preempted { get; init; }

    /// <inheritdoc/>
    public bool Equals(JobStatus? other) =>
        other is not null
        && (JobId, Phase, Started, Queued, Preempted) == (other.JobId, other.Phase, other.Started, other.Queued, other.Preempted)
        && Members.SetEquals(other.Members)
        && Released.SetEquals(other.Released)
        && Equals(Arithmetic, other.Arithmetic);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(JobId, Phase, Started, Queued, Preempted);
}

/// <summary>Who waits, who has workers, and why. Answered by <see cref="QueueStatus"/>.</summary>
/// <param name="Namespace">Of one namespace alone; empty: of all.</param>
internal sealed record QueueRequested(string Namespace);

/// <summary>A job's actor to the coordinator: hand this to the worker.</summary>
internal sealed record ToWorker(string WorkerId, IMessage Message);

/// <summary>A job's actor to the coordinator: it has (again) loaded its job and needs to know its workers.</summary>
internal sealed record PoolRequested(string JobId);

/// <summary>A job that workers hold could not be stored.</summary>
internal sealed record AdoptionFailed(string JobId, string Problem);
