using System.Collections.Immutable;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

/// <summary>A job as the store holds it.</summary>
/// <param name="Number">Grows with each job: the order of the queue.</param>
/// <param name="Id">Unique.</param>
/// <param name="RequestId">The client's; empty: none.</param>
/// <param name="Spec">Every field filled in.</param>
/// <param name="Created">When it was submitted.</param>
/// <param name="Record">Where it stands.</param>
/// <param name="Progress">As last reported; behind by a second at most while the job runs.</param>
public sealed record StoredJob(
    long Number,
    string Id,
    string RequestId,
    JobSpec Spec,
    DateTimeOffset Created,
    JobRecord Record,
    JobProgress Progress
)
{
    /// <summary>Clients of this namespace, and of all, may see it.</summary>
    public string Namespace { get; init; } = Caller.DefaultNamespace;

    /// <summary>Name of the client that submitted it; empty: clients were not asked.</summary>
    public string Owner { get; init; } = "";

    /// <summary>For clients to find it by.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>W3C traceparent of the call that submitted it; empty: a program before traces stored it.</summary>
    public string TraceParent { get; init; } = "";
}

/// <summary>A job that has ended and need not be kept any longer.</summary>
/// <param name="Id">The job.</param>
/// <param name="TtlSeconds">How long it was to be kept after its end.</param>
public sealed record ExpiredJob(string Id, long TtlSeconds);

/// <summary>What became of a submission.</summary>
public enum CreateOutcome
{
    /// <summary>A new job was made.</summary>
    Created,

    /// <summary>The same request had made the job before.</summary>
    Repeated,

    /// <summary>The request id belongs to a job with another specification.</summary>
    Conflict,
}
