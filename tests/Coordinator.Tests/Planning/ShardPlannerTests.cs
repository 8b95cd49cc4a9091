using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Coordinator.Planning;

namespace TrainingCluster.Coordinator.Tests.Planning;

public class ShardPlannerTests
{
    private static ShardCandidate[] Workers(int n) => [.. Enumerable.Range(0, n).Select(i => new ShardCandidate($"worker-{i:00}"))];

    private static Arbitrary<(int Shards, ShardCandidate[] Candidates)> Cases() =>
        (
            from power in Gen.Choose(0, 7)
            from count in Gen.Choose(1, 20)
            from speeds in Gen.ArrayOf(Gen.Choose(0, 40), count)
            select (1 << power, speeds.Select((s, i) => new ShardCandidate($"w{i * 7919 % 1000}", s == 0 ? null : s / 4.0)).ToArray())
        ).ToArbitrary();

    [Fact]
    public void Plan_AnyCandidates_CoversEveryShardOnceInOrderOfRank() =>
        Prop.ForAll(
                Cases(),
                c =>
                {
                    var ranges = ShardPlanner.Plan(c.Shards, c.Candidates).Ranges;
                    var next = 0;
                    for (var rank = 0; rank < ranges.Length; rank++)
                    {
                        Assert.Equal((rank, next), (ranges[rank].Rank, ranges[rank].FirstShard));
                        Assert.True(ranges[rank].ShardCount >= 1);
                        next += ranges[rank].ShardCount;
                    }
                    Assert.Equal(c.Shards, next);
                    Assert.Equal(Math.Min(c.Shards, c.Candidates.Length), ranges.Length);
                    Assert.Equal(ranges.Length, ranges.Select(r => r.WorkerId).Distinct().Count());
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_CandidatesInAnotherOrder_IsTheSame() =>
        Prop.ForAll(
                Cases(),
                c =>
                    Assert.Equal(
                        ShardPlanner.Plan(c.Shards, c.Candidates).Ranges,
                        ShardPlanner.Plan(c.Shards, [.. c.Candidates.Reverse()]).Ranges
                    )
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_MeasuredSpeeds_NoMoveOfOneShardEndsTheStepEarlier() =>
        Prop.ForAll(
                Cases(),
                c =>
                {
                    if (c.Candidates.Length > c.Shards || c.Candidates.Any(x => x.ShardsPerSecond is null))
                    {
                        return;
                    }
                    var speed = c.Candidates.ToDictionary(x => x.WorkerId, x => x.ShardsPerSecond!.Value);
                    var count = ShardPlanner.Plan(c.Shards, c.Candidates).Ranges.ToDictionary(r => r.WorkerId, r => r.ShardCount);
                    var slowest = count.MaxBy(x => x.Value / speed[x.Key]);
                    var time = slowest.Value / speed[slowest.Key];
                    if (slowest.Value > 1)
                    {
                        Assert.All(
                            count.Keys.Where(id => id != slowest.Key),
                            id => Assert.True((count[id] + 1) / speed[id] >= time - 1e-9)
                        );
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(8, 1, "8")]
    [InlineData(8, 2, "4 + 4")]
    [InlineData(8, 4, "2 + 2 + 2 + 2")]
    [InlineData(8, 3, "2 + 3 + 3")]
    [InlineData(8, 5, "2 + 2 + 2 + 1 + 1")]
    [InlineData(8, 8, "1 + 1 + 1 + 1 + 1 + 1 + 1 + 1")]
    public void Plan_EqualWorkers_IsBalancedAndAligned(int shards, int workers, string sizes) =>
        Assert.Equal($"{shards} shards over {workers} workers evenly: {sizes}", ShardPlanner.Plan(shards, Workers(workers)).Reason);

    [Fact]
    public void Plan_OneTenTimesSlower_GivesItOneShard()
    {
        var plan = ShardPlanner.Plan(8, [new("a", 10), new("b", 1), new("c", 10)]);
        Assert.Equal(1, plan.Ranges.Single(r => r.WorkerId == "b").ShardCount);
    }

    [Fact]
    public void Plan_MoreWorkersThanShards_TakesTheFastestAndSaysSo()
    {
        var plan = ShardPlanner.Plan(2, [new("a", 1), new("b", 3), new("c", 2)]);
        Assert.Equal(["b", "c"], plan.Ranges.Select(r => r.WorkerId));
        Assert.Contains("1 more workers than shards", plan.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 8, 1)]
    [InlineData(0, 3, 2)]
    [InlineData(3, 3, 2)]
    [InlineData(1, 6, 4)]
    public void Subtrees_Range_CountsMaximalAlignedGroups(int first, int count, int subtrees) =>
        Assert.Equal(subtrees, ShardPlanner.Subtrees(first, count));

    /// <summary>What the planner's order is defined by, at the cost of the square of the workers.</summary>
    [Fact]
    public void Plan_AnyCandidates_PlacesAtEachPointWhoCutsFewestSubtrees() =>
        Prop.ForAll(
                Cases(),
                c =>
                {
                    var ranges = ShardPlanner.Plan(c.Shards, c.Candidates).Ranges;
                    var waiting = ranges.OrderBy(r => r.WorkerId, StringComparer.Ordinal).ToList();
                    foreach (var placed in ranges)
                    {
                        var next = waiting.MinBy(r => (ShardPlanner.Subtrees(placed.FirstShard, r.ShardCount), -r.ShardCount))!;
                        Assert.Equal(next.WorkerId, placed.WorkerId);
                        waiting.Remove(next);
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_AThousandWorkers_CoversEveryShardOnceAndSaysSoInASentence()
    {
        var workers = Enumerable.Range(0, 1000).Select(i => new ShardCandidate($"worker-{i:0000}", 1 + (i % 7 / 100.0))).ToArray();
        var plan = ShardPlanner.Plan(1024, workers);

        Assert.Equal(1000, plan.Ranges.Length);
        Assert.Equal(Enumerable.Range(0, 1024), plan.Ranges.SelectMany(r => Enumerable.Range(r.FirstShard, r.ShardCount)));
        Assert.Equal(1000, plan.Ranges.Select(r => r.WorkerId).Distinct().Count());
        Assert.Equal("1024 shards over 1000 workers by measured speed: 24 x 2 + 976 x 1", plan.Reason);
    }

    [Fact]
    public void Plan_BadArguments_Throws()
    {
        Assert.Throws<ArgumentException>(() => ShardPlanner.Plan(6, Workers(1)));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Plan(8, []));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Plan(8, [new("a"), new("a")]));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Plan(8, [new("a", 0)]));
    }
}
