using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Planning;

/// <summary>One who could compute shards.</summary>
/// <param name="WorkerId">Unique name; ranks follow its ordinal order.</param>
/// <param name="ShardsPerSecond">Measured speed, greater than 0; null while not measured.</param>
public sealed record ShardCandidate(string WorkerId, double? ShardsPerSecond = null);

/// <summary>
/// What one member of a generation computes: shards [<paramref name="FirstShard"/>, <paramref name="FirstShard"/> +
/// <paramref name="ShardCount"/>).
/// </summary>
/// <param name="WorkerId">The member.</param>
/// <param name="Rank">Position in the generation, from 0, in the order of the ranges.</param>
/// <param name="FirstShard">First shard, from 0.</param>
/// <param name="ShardCount">Number of shards, at least 1.</param>
public sealed record ShardRange(string WorkerId, int Rank, int FirstShard, int ShardCount);

/// <summary>Who computes what, and why so.</summary>
/// <param name="Ranges">In the order of their first shards; together they hold every shard once.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record ShardPlan(ImmutableArray<ShardRange> Ranges, string Reason);
