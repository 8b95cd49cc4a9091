using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Ledger;

public class LedgerLineageTests
{
    internal static LedgerEntry Entry(long generation, long baseStep, long reached, long from = 0, int shards = 8, params string[] workers)
    {
        var plan = new StartGeneration
        {
            Generation = generation,
            BaseStep = baseStep,
            Reason = $"reason {generation}",
        };
        var ids = workers.Length == 0 ? ["a", "b"] : workers;
        for (var i = 0; i < ids.Length; i++)
        {
            var (first, end) = (shards * i / ids.Length, shards * (i + 1) / ids.Length);
            plan.Members.Add(
                new GenerationMember
                {
                    WorkerId = ids[i],
                    Incarnation = "i",
                    Rank = i,
                    FirstShard = first,
                    ShardCount = end - first,
                }
            );
        }
        return new(plan, from, DateTimeOffset.UnixEpoch, reached);
    }

    private static IEnumerable<(long, long, long)> Ranges(LedgerLineage lineage) =>
        lineage.Ranges.Select(r => (r.Entry.Generation, r.First, r.Last));

    [Fact]
    public void Of_GenerationsOneAfterAnother_ShareTheStepsWithoutGapOrOverlap()
    {
        var lineage = LedgerLineage.Of([Entry(1, 0, 5), Entry(2, 5, 5, from: 1), Entry(4, 5, 9, from: 2)]);
        Assert.Equal([(1, 1, 5), (4, 6, 9)], Ranges(lineage));
        Assert.Equal(9, lineage.LastStep);
        Assert.Empty(lineage.Findings);
    }

    [Fact]
    public void Of_OlderCheckpoint_WhatLayBeyondItIsDiscarded()
    {
        LedgerEntry[] entries = [Entry(1, 0, 7), Entry(2, 4, 9, from: 1)];
        var lineage = LedgerLineage.Of(entries);
        Assert.Equal([(1, 1, 4), (2, 5, 9)], Ranges(lineage));
        Assert.Empty(lineage.Findings);
        var view = LedgerView.Of("job", entries, lineage);
        Assert.Equal([(3, 0), (0, 3)], view.Generations.Select(g => (g.DiscardedStepCount, g.RepeatedStepCount)));
        Assert.Equal([(32, 16), (40, 20)], view.Generations.Select(g => (g.MicroBatchCount, g.Members[0].MicroBatchCount)));
    }

    [Fact]
    public void Of_GroupThatTheCoordinatorLostIsAhead_ItsStepsCountAndTheOthersAreDiscarded()
    {
        // Generation 2 was begun from the checkpoint of step 3 while the members of 1 were cut off; they came back at step 8.
        LedgerEntry[] entries = [Entry(1, 0, 8), Entry(2, 3, 6, from: 1, workers: "c"), Entry(3, 8, 10, from: 1)];
        var lineage = LedgerLineage.Of(entries);
        Assert.Equal([(1, 1, 8), (3, 9, 10)], Ranges(lineage));
        Assert.Empty(lineage.Findings);
        Assert.Equal([0, 3, 0], LedgerView.Of("job", entries, lineage).Generations.Select(g => g.DiscardedStepCount));
    }

    [Fact]
    public void Of_NothingDone_IsEmptyAndHolds()
    {
        Assert.Equal(0, LedgerLineage.Of([]).LastStep);
        var planned = LedgerLineage.Of([Entry(1, 0, 0)]);
        Assert.Empty(planned.Ranges);
        Assert.Empty(planned.Findings);
    }

    [Fact]
    public void Of_OriginUnknownOrMissing_IsFoundWithTheStepsThatNobodyAnswersFor()
    {
        foreach (
            var entries in (LedgerEntry[][])
                [
                    [Entry(7, 5, 9)],
                    [Entry(1, 0, 5), Entry(3, 5, 9, from: 2)],
                    [Entry(7, 5, 9, from: 7)],
                ]
        )
        {
            var lineage = LedgerLineage.Of(entries);
            Assert.Contains(lineage.Findings, f => f.Contains("went on from step 5", StringComparison.Ordinal));
            Assert.Contains("no generation is recorded for the steps 1 to 5", lineage.Findings);
        }
    }

    [Fact]
    public void Of_StepsThatNobodyIsKnownToHaveDone_AreFound()
    {
        var finding = Assert.Single(LedgerLineage.Of([Entry(1, 0, 3), Entry(2, 5, 9, from: 1)]).Findings);
        Assert.Contains("known to have done step 3", finding, StringComparison.Ordinal);
        Assert.NotEmpty(LedgerLineage.Of([Entry(1, 6, 8), Entry(2, 5, 9, from: 1)]).Findings);
    }

    [Fact]
    public void Partition_GapOrOverlap_IsNamed()
    {
        var entry = Entry(1, 0, 9);
        Assert.Empty(LedgerLineage.Partition([new(entry, 1, 4), new(entry, 5, 9)], 9));
        Assert.Equal(["no generation is recorded for step 5"], LedgerLineage.Partition([new(entry, 1, 4), new(entry, 6, 9)], 9));
        Assert.Equal(
            ["the steps 3 to 4 of generation 1 were committed by another one too"],
            LedgerLineage.Partition([new(entry, 1, 4), new(entry, 3, 9)], 9)
        );
        Assert.Equal(["no generation is recorded for the steps 5 to 9"], LedgerLineage.Partition([new(entry, 1, 4)], 9));
    }

    [Fact]
    public void Shards_MissingOrTwice_IsNamed()
    {
        Assert.Null(LedgerLineage.Shards(Entry(1, 0, 1), 8));
        Assert.NotNull(LedgerLineage.Shards(Entry(1, 0, 1), 16));
        var twice = Entry(1, 0, 1);
        twice.Plan.Members[1].FirstShard = 3;
        Assert.Contains("generation 1", LedgerLineage.Shards(twice, 8), StringComparison.Ordinal);
    }
}
