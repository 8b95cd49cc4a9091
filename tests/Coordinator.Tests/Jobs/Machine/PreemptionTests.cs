using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Workers that the queue asks back: some, and the job trains on with the others; or all, and it waits.</summary>
public class PreemptionTests
{
    private const string Other = "job-9, whose priority is 5 and not 0";
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private static StopTraining[] Stops(Script script) =>
        [.. script.Effects.OfType<SendToWorker>().Select(s => s.Message).OfType<StopTraining>()];

    /// <summary>a and b have done five steps of a tenth of a second.</summary>
    private static Script Training(Action<JobSpec>? change = null)
    {
        var script = new Script(change).Run();
        for (var step = 1; step <= 5; step++)
        {
            script.Stepped("a", step, 100, 1000).Stepped("b", step, 100, 1000);
        }
        return script;
    }

    /// <summary>The same, preempted and at the end of the step that was called.</summary>
    private static Script Preempted()
    {
        var script = Training().AskBack(Other, "a", "b");
        var finish = script.State.Current.FinishStep;
        return script.Joined("a", finish).Joined("b", finish);
    }

    [Fact]
    public void Step_OneOfTwoIsAskedBack_GoesAtTheEndOfAStepAndNoneIsLost()
    {
        var script = Training().AskBack("", "b");
        Assert.Equal((JobPhase.Preparing, GenerationCause.WorkerReclaimed), (script.State.Phase, script.State.Change.Cause));
        Assert.Equal("gives some back for other", script.State.Reason);
        Assert.Empty(Preemption.Released(script.State));
        var finish = script.State.Current.FinishStep;
        Assert.True(finish > 5, $"the step is {finish}");

        script.Joined("a", finish).Joined("b", finish);

        Assert.Equal(["a"], script.Plan.Members.Select(m => m.WorkerId));
        Assert.Equal(finish, script.Plan.BaseStep);
        Assert.Equal([2], Preemption.Released(script.State));
        Assert.Empty(script.Effects.OfType<CountDiscarded>());
    }

    [Fact]
    public void Step_Preempted_StoresTheStateAtTheEndOfAStepAndWaits()
    {
        var script = Preempted();
        var finish = script.State.Pool["a"].Claim!.CompletedStep;
        Assert.Equal(JobPhase.Leaving, script.State.Phase);
        Assert.Equal([(true, true), (true, false)], Stops(script).Select(s => (s.KeepState, s.StoreCheckpoint)));
        // The one that stores is not let go yet.
        Assert.Equal([2], Preemption.Released(script.State));

        script.Do(new CheckpointsChanged($"{finish}", finish, 1)).Stopped("a", finish);

        Assert.Equal((JobPhase.Waiting, JobState.Queued), (script.State.Phase, script.State.Phase.ToJobState()));
        Assert.Equal($"preempted for {Other}", script.State.Reason);
        Assert.Equal(Other, script.State.Record.PreemptedFor);
        Assert.Equal([1, 2], Preemption.Released(script.State).Order());
        Assert.Single(script.Effects.OfType<CountPreemption>());
        Assert.Equal("needs 2 workers, 0 are here", script.Taken("needs 2 workers, 0 are here").State.Queue.Reason);
        Assert.Equal($"preempted for {Other}; needs 2 workers, 0 are here", script.State.Reason);
    }

    [Fact]
    public void Step_PreemptedAndGivenWorkersAgain_GoesOnFromItsCheckpointAndTellsHowLongItWaited()
    {
        var script = Preempted();
        var finish = script.State.Pool["a"].Claim!.CompletedStep;
        script.Do(new CheckpointsChanged($"{finish}", finish, 1)).Stopped("a", finish).Taken("behind job-9").Pass(90 * s_second);

        script.Join("c", "d");

        Assert.Equal(["c", "d"], script.Called);
        Assert.Equal(90 * s_second, Assert.Single(script.Effects.OfType<MeasureQueueWait>()).Waited);
        Assert.Equal("", script.State.PreemptedFor);
        script.Joined("c").Joined("d");
        Assert.Equal(($"{finish}", finish), (script.Plan.CheckpointId, script.Plan.BaseStep));
        // It is no recovery: nothing had failed.
        script.Started("c").Started("d").Stepped("c", finish + 1, 100, 1000);
        Assert.Empty(script.Effects.OfType<MeasureRecovery>());
    }

    [Fact]
    public void Step_PreemptedWithANewCheckpoint_StopsItsWorkersAndWaitsAtOnce()
    {
        var script = Training().AskBack(Other, "a", "b");
        var finish = script.State.Current.FinishStep;
        script.Do(new CheckpointsChanged($"{finish}", finish, 1)).Joined("a", finish).Joined("b", finish);
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Equal(2, Stops(script).Length);
        Assert.All(Stops(script), s => Assert.True(s is { KeepState: true, StoreCheckpoint: false }));
    }

    [Fact]
    public void Step_PreemptedBeforeItTrains_WaitsAtOnce()
    {
        var script = new Script().Join("a", "b").AskBack(Other, "a", "b");
        Assert.Equal((JobPhase.Waiting, $"preempted for {Other}"), (script.State.Phase, script.State.Reason));
        Assert.Equal([1, 2], Preemption.Released(script.State).Order());
    }

    [Fact]
    public void Step_PreemptedWhileItStarts_WaitsAtOnceAndItsWorkersStop()
    {
        var script = new Script().Join("a", "b").Joined("a").Joined("b").AskBack(Other, "a", "b");
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Equal(2, Stops(script).Length);
    }

    [Fact]
    public void Step_PreemptedButOneDiesOnTheWay_TheOtherStoresTheState()
    {
        var script = Training().AskBack(Other, "a", "b").Lose("b").Joined("a", 5);
        Assert.Equal(JobPhase.Leaving, script.State.Phase);
        Assert.Equal(["a"], script.State.Current.Members.Keys);
    }

    [Fact]
    public void Step_Preempted_TheClockOfTheDeadlineStands()
    {
        var script = Training(s => s.DeadlineSeconds = 60).Pass(40 * s_second).AskBack(Other, "a", "b");
        var finish = script.State.Current.FinishStep;
        script.Joined("a", finish).Joined("b", finish).Stopped("a", finish);
        Assert.Null(DueTimes.Deadline(script.State));
        Assert.Equal(JobPhase.Waiting, script.Pass(1000 * s_second).State.Phase);
    }

    [Fact]
    public void Step_SuspendedByItsOwnerWhilePreempted_WorkersDoNotResumeIt()
    {
        var script = Preempted().Do(new SuspendRequested()).Taken("").Join("c");
        Assert.Equal((JobPhase.Suspended, "suspended by request"), (script.State.Phase, script.State.Reason));
        Assert.Empty(script.Called);
        Assert.Equal(["c"], script.Do(new ResumeRequested()).Called);
    }

    [Fact]
    public void Restore_Preempted_StillKnowsForWhomAndSinceWhen()
    {
        var script = Preempted().Stopped("a", 8);
        var back = JobMachine.Restore("j", script.State.Spec, script.State.Record, script.State.Progress, script.Now + s_second);
        Assert.Equal((script.State.PreemptedFor, script.State.Queued), (back.PreemptedFor, back.Queued));
    }

    [Fact]
    public void Step_WaitingJob_TellsTheQueuesReasonAndThenThatWorkersAreThere()
    {
        var script = new Script().Taken("needs 4 workers, 2 are here");
        Assert.Equal("needs 4 workers, 2 are here", script.State.Reason);
        Assert.Equal("2 workers are there", script.Join("a", "b").State.Reason);
    }
}
