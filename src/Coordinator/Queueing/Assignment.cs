using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>What the queue decided for a job, and why.</summary>
/// <param name="Verdict">What it decided.</param>
/// <param name="Reason">Why, for people; empty: the job has workers, and keeps them.</param>
public sealed record Assignment(QueueVerdict Verdict, string Reason)
{
    /// <summary>Workers that it has or gets, alike, in the order of their names. Those that are asked back are among them.</summary>
    public ImmutableArray<string> Workers { get; init; } = [];

    /// <summary>Those of them that it must give back, and for whom.</summary>
    public ImmutableSortedDictionary<string, string> AskedBack { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>For whom it is preempted: it stores its state and gives all workers back; empty: it is not.</summary>
    public string YieldsTo { get; init; } = "";

    /// <summary>Which free workers it does not get because they compute otherwise, and what helps; empty: none.</summary>
    public string LeftAside { get; init; } = "";

    /// <summary>Its place among those that wait, from 1; 0: it does not wait.</summary>
    public int Position { get; init; }
}
