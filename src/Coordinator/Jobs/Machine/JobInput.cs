using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What can happen to a job.</summary>
public abstract record JobInput;

/// <summary>The whole set of living workers that the job has now. A level, not an edge: it may be repeated at will.</summary>
/// <param name="Workers">Alike.</param>
/// <param name="LeftAside">Which free workers it does not have because they compute otherwise, for people; empty: none.</param>
public sealed record PoolChanged(ImmutableArray<PoolWorker> Workers, string LeftAside = "") : JobInput
{
    /// <summary>What the queue says of the job.</summary>
    public QueueWord Queue { get; init; } = QueueWord.None;

    /// <summary>Why workers of the job are lost, by id.</summary>
    public ImmutableSortedDictionary<string, string> Lost { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}

/// <summary>What the queue says of a job, for people.</summary>
/// <param name="Reason">Why it waits, or gives workers back; empty: it has workers and keeps them.</param>
/// <param name="YieldsTo">For whom it is preempted: it stores its state and gives all its workers back; empty: it is not.</param>
public sealed record QueueWord(string Reason, string YieldsTo = "")
{
    /// <summary>The queue has nothing to say.</summary>
    public static QueueWord None { get; } = new("");
}

/// <summary>What a worker says.</summary>
public sealed record WorkerReported(WorkerReport Report) : JobInput;

/// <summary>The newest whole checkpoint that the coordinator keeps; an empty id: there is none.</summary>
/// <param name="NewestId">Its id.</param>
/// <param name="NewestStep">Its step.</param>
/// <param name="NewestGeneration">The generation that it was taken in.</param>
public sealed record CheckpointsChanged(string NewestId, long NewestStep, long NewestGeneration) : JobInput;

/// <summary>The user cancels.</summary>
public sealed record CancelRequested(string Reason) : JobInput;

/// <summary>The user suspends.</summary>
public sealed record SuspendRequested : JobInput;

/// <summary>The user resumes.</summary>
public sealed record ResumeRequested : JobInput;

/// <summary>The user has changed what may change of a job that runs.</summary>
/// <param name="Spec">Every field filled in.</param>
public sealed record SpecEdited(JobSpec Spec) : JobInput;

/// <summary>Time has passed: what was due is done.</summary>
public sealed record TimePassed : JobInput;
