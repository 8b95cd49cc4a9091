using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Ledger;

/// <summary>One generation in a job's record: durable before its members hear of it, kept until the job is deleted.</summary>
/// <param name="Plan">As its members got it: members with their shards, base step, reason. Never changed.</param>
/// <param name="BaseGeneration">The generation that had made the base state; 0: from the seed, or not known.</param>
/// <param name="Planned">When the plan was made.</param>
/// <param name="Reached">
/// Newest step known to have been done in it: reported, or held by a worker or a checkpoint that a later generation went on from.
/// </param>
public sealed record LedgerEntry(StartGeneration Plan, long BaseGeneration, DateTimeOffset Planned, long Reached)
{
    /// <summary>Its number.</summary>
    public long Generation => Plan.Generation;

    /// <summary>The step that it went on from.</summary>
    public long BaseStep => Plan.BaseStep;
}
