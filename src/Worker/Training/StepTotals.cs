using TrainingCluster.V1;

namespace TrainingCluster.Worker.Training;

/// <summary>Sums over all shards of a step, added in shard order, so that they are the same doubles on every worker.</summary>
/// <param name="Loss">Label-smoothed, nats.</param>
/// <param name="TargetTokens">Labels that count.</param>
/// <param name="SourceTokens">Source tokens.</param>
internal readonly record struct StepTotals(double Loss, long TargetTokens, long SourceTokens)
{
    /// <summary>The members' shards in order.</summary>
    /// <param name="members">What each member said.</param>
    /// <param name="shards">V: each shard must be there once.</param>
    /// <exception cref="InvalidDataException">A shard is missing or there twice.</exception>
    public static ShardTotals[] ByShard(IEnumerable<MemberStep> members, int shards)
    {
        var found = new ShardTotals?[shards];
        foreach (var totals in members.SelectMany(member => member.Shards))
        {
            if ((uint)totals.Shard >= (uint)shards || found[totals.Shard] is not null)
            {
                throw new InvalidDataException($"Totals of shard {totals.Shard} came twice or cannot be.");
            }
            found[totals.Shard] = totals;
        }
        return [.. found.Select((totals, shard) => totals ?? throw new InvalidDataException($"Totals of shard {shard} are missing."))];
    }

    /// <summary>Adds the shards up, in their order.</summary>
    public static StepTotals Add(IEnumerable<ShardTotals> byShard) =>
        byShard.Aggregate(
            default(StepTotals),
            (sum, shard) =>
                new StepTotals(sum.Loss + shard.Loss, sum.TargetTokens + shard.TargetTokens, sum.SourceTokens + shard.SourceTokens)
        );
}
