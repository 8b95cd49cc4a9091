using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Changes that nobody's death forces: they wait for the boundary of a step.</summary>
public class PlannedChangeTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    /// <summary>a and b train, and b has become slow; steps take 0.1 s.</summary>
    private static Script Slow()
    {
        var script = new Script().Run();
        for (var step = 1L; step <= 400 && script.Called.Length == 0; step++)
        {
            script
                .Pass(s_second / 10)
                .Stepped("a", step, 100, 10_000, speed: 80)
                .Stepped("b", step, 100, 10_000, speed: step < 50 ? 80 : 20);
            // What the first to report a step decides, the second must not hide.
            if (script.State.Phase == JobPhase.Preparing)
            {
                break;
            }
        }
        return script;
    }

    [Fact]
    public void Step_MemberBecomesSlow_SharesAreMovedAtABoundary()
    {
        var script = Slow();
        Assert.Equal((JobPhase.Preparing, GenerationCause.Rebalance), (script.State.Phase, script.State.Change.Cause));
        var reached = script.State.Progress.Step;
        Assert.InRange(script.State.Current.FinishStep, reached + 2, reached + 10);
        var finish = script.State.Current.FinishStep;
        // They train on until there, and that counts.
        for (var step = reached + 1; step <= finish; step++)
        {
            script.Pass(s_second / 10).Stepped("a", step, 100, 10_000, speed: 80);
        }
        Assert.Equal(finish, script.State.Progress.Step);
        script.Joined("a", finish).Joined("b", finish);
        Assert.Equal([("b", 1), ("a", 7)], script.Plan.Members.OrderBy(m => m.ShardCount).Select(m => (m.WorkerId, m.ShardCount)));
        Assert.Contains("by measured speed", script.Plan.Reason, StringComparison.Ordinal);
        Assert.All(script.Plan.Members, m => Assert.True(m.HasBaseState));
        script.Started("a").Started("b");
        var changed = Assert.Single(script.Effects.OfType<PublishEvent>(), e => e.Event.Generation is not null).Event.Generation;
        Assert.Equal((GenerationCause.Rebalance, 0L, null), (changed.Cause, changed.DiscardedStepCount, changed.DetectDuration));
    }

    /// <summary>Rounds of 100 steps of 10 ms: a state is only ever that of the end of a round.</summary>
    [Fact]
    public void Step_NewcomerIsReadyInARoundOfDiLoCo_EveryoneIsCalledForTheEndOfARound()
    {
        var script = new Script(spec => spec.Training = new() { Synchronization = "diloco", InnerSteps = 100 }).Run();
        script.Round("a", 100, 100, 1000, 1000).Join("c").Acknowledged("c").Pass(2 * s_second).Joined("c");
        Assert.Equal(0.01, script.State.Progress.StepSeconds, 9);
        Assert.Equal(["a", "b", "c"], script.Called);
        Assert.Equal(200, script.State.Current.FinishStep);
        // Broken off, it costs a whole round.
        script.Acknowledged("a").Acknowledged("b").Pass(new JobMachineOptions().PrepareTimeout);
        Assert.Equal([new CountDiscarded(100)], script.Effects.OfType<CountDiscarded>());
    }

    /// <summary>A round of 100 steps of 10 s: 17 minutes without a word are no standstill, 68 are.</summary>
    [Fact]
    public void Step_RoundTakesLongerThanAStandstill_IsWaitedFor()
    {
        var script = new Script(spec => spec.Training = new() { Synchronization = "diloco", InnerSteps = 100 }).Run();
        script.Round("a", 100, 100, 1_000_000, 1000).Pass(66 * 60 * s_second);
        Assert.Equal(JobPhase.Running, script.State.Phase);
        script.Pass(60 * s_second);
        Assert.Equal(GenerationCause.TimedOut, script.State.Change.Cause);
    }

    [Fact]
    public void Step_NewcomerIsReadyInTheLastRoundOfDiLoCo_TheJobIsDoneFirst()
    {
        var script = new Script(spec => spec.Training = new() { Synchronization = "diloco", InnerSteps = 100 }).Run();
        script.Round("a", 100, 100, 1000, 150).Join("c").Acknowledged("c").Pass(2 * s_second).Joined("c");
        Assert.Equal(JobPhase.Running, script.State.Phase);
    }

    [Fact]
    public void Step_BoundaryNeverComes_IsBrokenOffAfterAWhile()
    {
        var script = Slow();
        script.Acknowledged("a").Acknowledged("b");
        script.Pass(new JobMachineOptions().PrepareTimeout);
        Assert.Equal((JobPhase.Preparing, 0L), (script.State.Phase, script.State.Current.FinishStep));
        Assert.All(script.Effects.OfType<SendToWorker>(), s => Assert.Equal(0, Assert.IsType<OpenRendezvous>(s.Message).FinishStep));
        Assert.Equal(["a", "b"], script.Called);
        Assert.Equal([new CountDiscarded(1)], script.Effects.OfType<CountDiscarded>());
    }

    [Fact]
    public void Step_MemberDiesBeforeTheBoundary_TheOthersAreCalledAtOnce()
    {
        var script = Slow();
        var older = script.State.Plan!.Generation;
        script.Say(
            "a",
            older,
            new GenerationFailed
            {
                Stage = "PeerUnreachable",
                Message = "gone",
                Suspects = { "b" },
            }
        );
        Assert.Equal(
            (JobPhase.Preparing, GenerationCause.WorkerFailed, 0L),
            (script.State.Phase, script.State.Change.Cause, script.State.Current.FinishStep)
        );
        Assert.Equal(["a", "b"], script.Called);
        Assert.True(script.State.Current.Members["b"].Suspected);
    }

    [Fact]
    public void Step_NewcomerIsReady_EveryoneIsCalledForABoundary()
    {
        var script = new Script().Run().Stepped("a", 5, 100, 1000).Join("c");
        Assert.Equal(["c"], script.Called);
        script.Acknowledged("c").Pass(2 * s_second).Stepped("a", 6, 100, 1000).Joined("c");
        Assert.Equal(["a", "b", "c"], script.Called);
        Assert.True(script.State.Current.FinishStep >= 8);
    }

    [Fact]
    public void Step_NewcomersOneAfterAnother_CostOneChange()
    {
        var script = new Script().Run().Stepped("a", 5, 100, 1000).Join("c").Joined("c").Pass(s_second / 2).Join("d");
        Assert.Equal(["d"], script.Called);
        // The first is ready, but the second has only just come.
        script.Pass(s_second / 2).Joined("d");
        Assert.Empty(script.Called);
        script.Pass(s_second / 2);
        Assert.Equal(["a", "b", "c", "d"], script.Called);
    }

    [Fact]
    public void Step_OneOfTwoNewcomersTakesLong_TheOtherIsTakenIn()
    {
        var script = new Script()
            .Run()
            .Stepped("a", 5, 100, 1000)
            .Join("c", "d")
            .Acknowledged("c")
            .Acknowledged("d")
            .Pass(5 * s_second)
            .Joined("c");
        Assert.Empty(script.Called);
        script.Pass(s_second);
        Assert.Equal(["a", "b", "c"], script.Called);
        script.Joined("a", 9).Joined("b", 9).Joined("c").Started("a").Started("b").Started("c");
        Assert.Equal(["d"], script.Called);
    }

    [Fact]
    public void Step_RegistrationMadeWhileCatchingUpComesLate_StillHoldsTheState()
    {
        var script = new Script().Run().Stepped("a", 5).Join("c");
        var generation = script.State.Plan!.Generation;
        // c's coming brings along what b said of itself when it was about to start.
        script.Do(
            new PoolChanged([
                .. script.State.Pool.Values.Select(w =>
                    w.Id == "b" ? w with { Claim = new(generation, HasState: false, 0, Training: true, Ready: true) } : w
                ),
            ])
        );
        script.Lose("a");
        Assert.Equal(["b"], script.Called);
    }

    [Fact]
    public void Step_FailureWhileANewcomerIsCold_ItIsNotWaitedFor()
    {
        var script = new Script().Run().Stepped("a", 5).Join("c").Failed("a");
        Assert.Equal(["a", "b"], script.Called);
        script.Joined("a", 5).Joined("b", 5).Started("a").Started("b");
        Assert.Equal(["c"], script.Called);
    }

    [Fact]
    public void Step_NewcomerCannotPrepare_TheJobGoesOnWithoutIt()
    {
        var script = new Script().Run().Stepped("a", 5).Join("c");
        script.Say("c", script.State.Generation, new JobFailedOnWorker { Code = "BAD_DATASET", Message = "its disk" });
        Assert.Equal(JobPhase.Running, script.State.Phase);
        Assert.Contains("c", script.State.LeftOut.Keys);
    }

    [Fact]
    public void Step_MemberDrains_TrainsToTheBoundaryAndIsNotInThePlan()
    {
        var script = new Script().Run().Stepped("a", 5, 100, 1000).Drain("b");
        Assert.Equal(["a", "b"], script.Called);
        var finish = script.State.Current.FinishStep;
        script.Joined("a", finish).Joined("b", finish);
        Assert.Equal(["a"], script.Plan.Members.Select(m => m.WorkerId));
        Assert.Equal(["a"], script.State.Current.Members.Keys);
    }

    [Fact]
    public void Step_MemberDrainsAndStepsAreLong_TheStepIsBrokenOff()
    {
        var script = new Script().Run().Stepped("a", 5, 10_000, 1000).Drain("b");
        Assert.Equal(["a"], script.Called);
        Assert.Equal(0, script.State.Current.FinishStep);
    }

    [Fact]
    public void Step_AllDrain_OneStoresItsStateAndThenTheJobWaits()
    {
        var script = new Script().Run().Stepped("a", 5, 100, 1000).Drain("a", "b");
        Assert.Equal((JobPhase.Leaving, JobState.Running), (script.State.Phase, script.State.Phase.ToJobState()));
        var stops = script.Effects.OfType<SendToWorker>().Select(s => (s.WorkerId, Stop: Assert.IsType<StopTraining>(s.Message))).ToArray();
        Assert.Equal([("a", true), ("b", false)], stops.Select(s => (s.WorkerId, s.Stop.StoreCheckpoint)));
        Assert.All(stops, s => Assert.True(s.Stop.KeepState));
        // b may go at once, a is held.
        Assert.Equal(["a"], script.State.Current.Members.Keys);
        script.Say("a", script.State.Generation, new TrainingStopped { CompletedStep = 5 });
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Empty(script.State.Current.Members);
    }

    [Fact]
    public void Step_AllDrainWhileTheJobBacksOff_OneIsHeldUntilItsStateIsStored()
    {
        var script = new Script().Run().Stepped("a", 5).Failed("a");
        script.Joined("a", 5).Joined("b", 5).Started("a").Started("b").Failed("a");
        Assert.Equal(JobPhase.BackingOff, script.State.Phase);
        Assert.Equal(["a"], Draining.Held(script.State));
        script.Drain("b");
        Assert.Equal(JobPhase.BackingOff, script.State.Phase);
        script.Drain("a");
        Assert.Equal(JobPhase.Leaving, script.State.Phase);
        Assert.Equal(["a"], Draining.Held(script.State));
        Assert.Contains(
            script.Effects.OfType<SendToWorker>(),
            s => s is { WorkerId: "a", Message: StopTraining { StoreCheckpoint: true, KeepState: true } }
        );
        script.Say("a", script.State.Generation, new TrainingStopped { CompletedStep = 5 });
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Empty(Draining.Held(script.State));
    }

    [Fact]
    public void Step_OneDrainsAfterTheOther_NoGenerationIsMadeForThem()
    {
        var script = new Script().Run().Stepped("a", 5, 100, 1000).Drain("b").Drain("a");
        script.Joined("a", 7).Joined("b", 7);
        Assert.Equal((JobPhase.Leaving, 1L), (script.State.Phase, script.State.Plan!.Generation));
        Assert.Single(script.Effects.OfType<SendToWorker>(), s => s.Message is StopTraining { StoreCheckpoint: true });
    }

    [Fact]
    public void Step_AllDrainAndTheCheckpointIsAsNew_TheJobWaitsAtOnce()
    {
        var script = new Script().Run().Stepped("a", 5).Do(new CheckpointsChanged("5", 5, 1)).Drain("a", "b");
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Step_LastWorkerGoesBeforeItsStateIsStored_TheJobWaits(bool dies)
    {
        var script = new Script().Run().Stepped("a", 5).Drain("a", "b").Lose("b");
        if (dies)
        {
            script.Lose("a");
        }
        else
        {
            script.Pass(new JobMachineOptions().LeaveTimeout);
        }
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
    }

    [Fact]
    public void Step_WorkerComesWhileTheLastOneLeaves_ItIsHandedTheState()
    {
        var script = new Script().Run().Stepped("a", 5).Drain("a", "b").Lose("b").Join("c");
        script.Say("a", script.State.Generation, new TrainingStopped { CompletedStep = 5 });
        Assert.Equal(["a", "c"], script.Called);
        script.Joined("a", 5).Joined("c");
        Assert.Equal([("a", true), ("c", false)], script.Plan.Members.Select(m => (m.WorkerId, m.HasBaseState)));
    }

    [Fact]
    public void Step_Suspended_OneStoresItsState()
    {
        var script = new Script().Run().Stepped("a", 5).Do(new SuspendRequested());
        Assert.Equal(
            [("a", true), ("b", false)],
            script.Effects.OfType<SendToWorker>().Select(s => (s.WorkerId, ((StopTraining)s.Message).StoreCheckpoint))
        );
    }
}
