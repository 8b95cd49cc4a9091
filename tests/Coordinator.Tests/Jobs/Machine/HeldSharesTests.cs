using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Where the optimizer is sharded, members together must hold the whole state of the step that a job goes on from.</summary>
public class HeldSharesTests
{
    private const int Length = 400;

    [Fact]
    public void Lost_OneOfFour_TheOthersGoOnFromTheNewestStep()
    {
        var script = Running("a", "b", "c", "d").Stepped("a", 5).Lose("b");
        Hold(script, "a", 0, 5);
        Hold(script, "c", 2, 5);
        Hold(script, "d", 3, 4, prepared: 5);
        var plan = script.Plan;
        Assert.Equal(5, plan.BaseStep);
        Assert.All(plan.Members, member => Assert.True(member.HasBaseState));
        Assert.Equal([1, 2, 3], plan.Members.Select(member => member.Share));
        // It has its own shares of step 5 only, once it has applied the update.
        Assert.All(plan.Members, member => Assert.Equal(member.WorkerId != "d", member.Holding.WeightsWhole));
        Assert.Empty(script.Faults);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Lost_BothHoldersOfAShare_GoesBackAndSaysWho(bool checkpoint)
    {
        var script = Running("a", "b", "c", "d").Stepped("a", 5);
        if (checkpoint)
        {
            script.Do(new CheckpointsChanged("three", 3, 1));
        }
        script.Lose("its actor ended", "b", "c");
        Hold(script, "a", 0, 5);
        Hold(script, "d", 3, 5);
        Assert.Equal((checkpoint ? 3 : 0, checkpoint ? "three" : ""), (script.Plan.BaseStep, script.Plan.CheckpointId));
        Assert.All(script.Plan.Members, member => Assert.False(member.HasBaseState));
        Assert.All(script.Plan.Members, member => Assert.Null(member.Holding));
        Assert.Equal(
            [
                "generation 2, step 5: b (rank 1, b), c (rank 2, c): the optimizer's state of step 5 is not whole any more (both workers "
                    + "that held a share are gone: b and c); done: the job goes on from "
                    + (checkpoint ? "checkpoint three" : "the beginning")
                    + $"; lost: steps {(checkpoint ? 4 : 1)} to 5, which are computed again",
            ],
            script.Faults
        );
    }

    [Fact]
    public void Lost_TwoThatAreNoNeighbours_LosesNothing()
    {
        var script = Running("a", "b", "c", "d").Stepped("a", 5).Lose("its actor ended", "a", "c");
        Hold(script, "b", 1, 5);
        Hold(script, "d", 3, 5);
        Assert.Equal(5, script.Plan.BaseStep);
    }

    [Fact]
    public void Drain_TwoNeighbours_HandOverBeforeTheyGo()
    {
        var script = Running("a", "b", "c", "d").Stepped("a", 5).Drain("b", "c");
        foreach (var (id, rank) in new[] { ("a", 0), ("b", 1), ("c", 2), ("d", 3) })
        {
            Hold(script, id, rank, 9);
        }
        // They train along once more, without a share.
        Assert.Equal(["a", "b", "c", "d"], script.Plan.Members.Select(member => member.WorkerId));
        Assert.Equal([1, 0, 0, 2], script.Plan.Members.Select(member => member.Share));

        foreach (var id in new[] { "a", "b", "c", "d" })
        {
            script.Started(id);
        }
        Hold(script, "a", 0, 9, of: 2);
        Hold(script, "d", 1, 9, of: 2);
        Hold(script, "b", -1, 9);
        Hold(script, "c", -1, 9);
        Assert.Equal(["a", "d"], script.Plan.Members.Select(member => member.WorkerId));
        Assert.Equal(9, script.Plan.BaseStep);
    }

    [Fact]
    public void Drain_One_IsLetGoAtOnce()
    {
        var script = Running("a", "b", "c", "d").Stepped("a", 5).Drain("b");
        foreach (var (id, rank) in new[] { ("a", 0), ("b", 1), ("c", 2), ("d", 3) })
        {
            Hold(script, id, rank, 9);
        }
        Assert.Equal(["a", "c", "d"], script.Plan.Members.Select(member => member.WorkerId).Order());
    }

    [Fact]
    public void Leave_All_HoldersStayUntilOneHasStoredTheState()
    {
        var script = Running("a", "b", "c").Stepped("a", 5).Drain("a", "b", "c");
        Assert.Equal(JobPhase.Leaving, script.State.Phase);
        Assert.Equal(["a", "b", "c"], Draining.Held(script.State).Order());
        script.Stopped("a", 5);
        Assert.Empty(Draining.Held(script.State));
    }

    private static Script Running(params string[] ids)
    {
        var script = new Script(spec => spec.Training = new TrainingSpec { OptimizerSharding = true }).Join(ids);
        foreach (var id in ids)
        {
            script.Joined(id);
        }
        Assert.Equal(Enumerable.Range(1, ids.Length), script.Plan.Members.Select(member => member.Share));
        foreach (var id in ids)
        {
            script.Started(id);
        }
        return script;
    }

    // Share c is held by ranks c and c + 1.
    private static void Hold(Script script, string id, int rank, long step, long prepared = 0, int of = 4)
    {
        var joined = new RendezvousJoined
        {
            HasState = true,
            CompletedStep = step,
            PreparedStep = prepared,
            Holding = new() { Length = Length, WeightsWhole = true },
        };
        foreach (var share in rank < 0 ? [] : new[] { rank, (rank + of - 1) % of })
        {
            joined.Holding.Moments.Add(new StateRange { Offset = share * Length / of, Length = Length / of });
        }
        script.Say(id, script.State.Generation, joined);
    }
}
