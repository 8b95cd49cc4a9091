using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

public class JobMachineLedgerTests
{
    private static (long Generation, long First, long Last)[] Ranges(Script script)
    {
        var lineage = LedgerLineage.Of([.. script.State.Ledger.Values]);
        Assert.Empty(lineage.Findings);
        return [.. lineage.Ranges.Select(r => (r.Entry.Generation, r.First, r.Last))];
    }

    [Fact]
    public void Step_GenerationsKilledOneAfterAnother_EachIsCreditedWithItsSteps()
    {
        var script = new Script().Run().Stepped("a", 5);
        // b dies; a had done one more step than it had reported.
        script.Lose("b").Joined("a", step: 6).Started("a").Stepped("a", 7).Stepped("a", 9);
        // The next one fails before its first step.
        script.Failed("a").Joined("a", step: 9).Started("a").Failed("a");
        script.Pass(TimeSpan.FromSeconds(1)).Joined("a", step: 9).Started("a").Completed("a", "sha", stored: true);

        Assert.Equal(JobPhase.Succeeded, script.State.Phase);
        Assert.Equal([(1, 1, 6), (2, 7, 9)], Ranges(script));
        Assert.Equal([0, 1, 2, 3], script.State.Ledger.Values.Select(e => e.BaseGeneration));
    }

    [Fact]
    public void Step_EverybodyLostBeyondTheCheckpoint_StepsGoBackAndAreDoneAgain()
    {
        var script = new Script().Run().Stepped("a", 6).Do(new CheckpointsChanged("4", 4, 1)).Lose("a").Lose("b");
        script.Join("c").Joined("c").Started("c").Stepped("c", 5);

        // Number 2 was called and never planned: b was lost before it had answered.
        Assert.Equal([(1, 1, 4), (3, 5, 5)], Ranges(script));
        var entries = script.State.Ledger.Values.ToArray();
        var view = LedgerView.Of("j", entries, LedgerLineage.Of(entries));
        Assert.Equal([(2, 0), (0, 1)], view.Generations.Select(g => (g.DiscardedStepCount, g.RepeatedStepCount)));
        Assert.Equal("4", view.Generations[1].CheckpointId);
    }

    [Fact]
    public void Step_MemberThatNeverStarted_ItsStateIsOfTheGenerationBefore()
    {
        // Generation 2 begins from the checkpoint of step 8, but nobody gets there; a still holds step 5 of generation 1.
        var script = new Script().Run().Stepped("a", 5).Do(new CheckpointsChanged("8", 8, 1)).Lose("b").Joined("a", step: 5);
        Assert.Equal(8, script.Plan.BaseStep);
        // The checkpoint turns out to be damaged.
        script
            .Failed("a")
            .Do(new CheckpointsChanged("", 0, 0))
            .Pass(TimeSpan.FromSeconds(1))
            .Joined("a", step: 5)
            .Started("a")
            .Stepped("a", 6);
        Assert.Equal([(1, 1, 5), (3, 6, 6)], Ranges(script));
    }

    [Fact]
    public void Step_NoCheckpointAndNobodyLeft_BeginsFromTheSeedAgain()
    {
        var script = new Script().Run().Stepped("a", 6).Lose("a").Lose("b").Join("c").Joined("c").Started("c").Stepped("c", 1);
        Assert.Equal([(3, 1, 1)], Ranges(script));
        Assert.Equal(6, script.State.Ledger[1].Reached);
    }

    [Fact]
    public void Step_ReportOfAnOlderGeneration_IsNotCredited()
    {
        var script = new Script().Run().Stepped("a", 2).Failed("a").Joined("a", 2).Joined("b", 2);
        script.Say("a", 1, new StepReport { Step = 3, TotalSteps = 9 });
        Assert.Equal(2, script.State.Ledger[1].Reached);
    }
}
