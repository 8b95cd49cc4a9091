using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

public class JobMachineTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Step_WorkerKilled_IsLeftOutAndTheOtherGoesOnFromItsStep()
    {
        var script = new Script().Run().Stepped("a", 5).Lose("b").Joined("a", step: 5);
        Assert.Equal((2, 5), (script.Plan.Generation, script.Plan.BaseStep));
        Assert.Equal("lost b; 8 shards over 1 workers evenly: 8", script.Plan.Reason);
    }

    [Fact]
    public void Step_JobThatWaited_SaysForWhatWhenItBegins()
    {
        var script = new Script().Taken("needs 2 workers, none is here").Join("a", "b");
        var began = Assert.Single(script.Effects.OfType<PublishEvent>().Select(e => e.Event.State).OfType<StateChanged>());
        Assert.Equal((JobState.Running, "needs 2 workers, none is here"), (began.State, began.WaitedFor));
    }

    [Fact]
    public void Step_MembersAtDifferentSteps_TheOneAheadIsTheSource()
    {
        var script = new Script().Run().Failed("a").Joined("a", step: 4).Joined("b", step: 5);
        Assert.Equal([("a", false), ("b", true)], script.Plan.Members.Select(m => (m.WorkerId, m.HasBaseState)));
        Assert.Equal(5, script.Plan.BaseStep);
    }

    [Fact]
    public void Step_OneHasEvaluatedTheStep_OnlyItIsTheSource()
    {
        var script = new Script().Run().Failed("a").Joined("a", step: 5, evaluated: true).Joined("b", step: 5);
        Assert.Equal([("a", true), ("b", false)], script.Plan.Members.Select(m => (m.WorkerId, m.HasBaseState)));
    }

    [Theory]
    [InlineData(7, 5, "7", 7)]
    [InlineData(5, 5, "", 5)]
    [InlineData(7, -1, "7", 7)]
    public void Step_CheckpointAndMemory_TheNewerIsTheBase(long checkpoint, long memory, string id, long step)
    {
        var script = new Script().Do(new CheckpointsChanged($"{checkpoint}", checkpoint, 1)).Join("a").Joined("a", step: memory);
        Assert.Equal((id, step), (script.Plan.CheckpointId, script.Plan.BaseStep));
    }

    [Fact]
    public void Step_WorkerDoesNotAcknowledge_IsCalledAgainAndThenLeftOut()
    {
        var script = new Script().Join("a", "b").Acknowledged("a");
        Assert.Equal(["b"], script.Pass(s_second / 2).Called);
        script.Pass(s_second / 2);
        Assert.DoesNotContain("b", script.State.Current.Members.Keys);
        script.Joined("a");
        Assert.Equal(["a"], script.Plan.Members.Select(m => m.WorkerId));
        // It lives after all: it joins once its time is over.
        script.Started("a").Pass(2 * s_second);
        Assert.Equal(["b"], script.Called);
    }

    [Fact]
    public void Step_WorkerLeftOutBefore_HasTwiceAsLongToAcknowledge()
    {
        var script = new Script().Join("a").Pass(s_second / 2).Pass(s_second / 2);
        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Equal(["a"], script.Pass(2 * s_second).Called);
        Assert.Equal(["a"], script.Pass(s_second).Called);
        Assert.Contains("a", script.Pass(0.9 * s_second).State.Current.Members.Keys);
        Assert.Equal(JobPhase.Waiting, script.Pass(0.1 * s_second).State.Phase);
    }

    [Fact]
    public void Step_FailuresInARowWithoutAStep_BackOffAndFailWithTheCause()
    {
        var script = new Script(s => s.RetryLimit = 2).Run();
        script.Failed("a");
        Assert.Equal(JobPhase.Preparing, script.State.Phase);
        script.Joined("a").Joined("b").Failed("b");
        Assert.Equal(JobPhase.BackingOff, script.State.Phase);
        script.Pass(s_second).Joined("a").Joined("b").Failed("a");
        Assert.Equal(JobPhase.Failed, script.State.Phase);
        Assert.Contains("3 generations in a row", script.State.Reason, StringComparison.Ordinal);
        Assert.Contains("boom", script.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_PeerUnreachableTwiceInARow_IsLeftOutAndTheOthersGoOn()
    {
        var script = new Script().Run().Failed("a", "b");
        Assert.Equal(["a", "b"], script.Called);
        script.Joined("a").Joined("b").Failed("a", "b").Pass(s_second);
        Assert.Equal(["a"], script.Called);
        script.Joined("a").Started("a").Stepped("a", 1, stepMs: 1000);
        // It is asked again later, and as long as nothing has changed the first failure is enough.
        Assert.Equal(["b"], script.Pass(2 * s_second).Called);
        script.Joined("b").Pass(s_second).Joined("a", step: 3).Joined("b");
        Assert.Equal(2, script.Plan.Members.Count);
        Assert.Equal(["a"], script.Failed("a", "b").Called);
    }

    [Fact]
    public void Step_SuspectIsNamedByALaterReport_IsWaitedForAsBriefly()
    {
        // b hears from c, not itself, that something is wrong; c's own report comes after it.
        var script = new Script().Join("a", "b", "c").Joined("a").Joined("b").Joined("c").Started("a").Started("b").Started("c");
        script.Stepped("a", 1).Failed("b").Failed("c", "a").Joined("b", 1).Joined("c", 1);
        script.Pass(new JobMachineOptions().SuspectTimeout / 2).Pass(new JobMachineOptions().SuspectTimeout / 2);
        Assert.Equal(["b", "c"], script.Plan.Members.Select(m => m.WorkerId));
    }

    [Fact]
    public void Step_EveryoneIsSuspected_NobodyIsLeftOut()
    {
        var script = new Script().Run().Failed("a", "a", "b").Joined("a").Joined("b").Failed("b", "a", "b").Pass(s_second);
        Assert.Equal(["a", "b"], script.Called);
    }

    [Fact]
    public void Step_FailuresWithStepsBetween_AreNotInARow()
    {
        var script = new Script(s => s.RetryLimit = 0).Run();
        script.Stepped("a", 1);
        Assert.Equal(0, script.State.FailuresInARow);
        script.Failed("a");
        Assert.Equal(JobPhase.Failed, script.State.Phase);
        var patient = new Script(s => s.RetryLimit = 1).Run();
        for (var step = 1; step < 6; step++)
        {
            patient.Stepped("a", step).Failed("a").Joined("a", step).Joined("b", step).Started("a").Started("b");
        }
        Assert.Equal(JobPhase.Running, patient.State.Phase);
    }

    [Fact]
    public void Step_JobFailedOnAWorker_FailsAtOnceWithTheCause()
    {
        var script = new Script().Run().Say("b", 1, new JobFailedOnWorker { Code = "NON_FINITE", Message = "shard 3" });
        Assert.Equal((JobPhase.Failed, "NON_FINITE: shard 3"), (script.State.Phase, script.State.Reason));
        Assert.Equal(["a", "b"], script.Effects.OfType<SendToWorker>().Where(s => s.Message is StopTraining).Select(s => s.WorkerId));
    }

    [Fact]
    public void Step_HashesDiffer_TheJobFailsAndSaysSo()
    {
        var script = new Script().Run().Completed("b", "other", stored: false).Completed("a", "sha", stored: true);
        Assert.Equal(JobPhase.Failed, script.State.Phase);
        Assert.Contains("differ", script.State.Reason, StringComparison.Ordinal);
        Assert.Equal("", script.State.WeightsSha256);
    }

    [Fact]
    public void Step_OtherMemberLostAfterTheModelIsStored_TheJobHasSucceeded()
    {
        var script = new Script().Run().Completed("a", "sha", stored: true);
        Assert.Equal(JobPhase.Running, script.State.Phase);
        script.Lose("b");
        Assert.Equal((JobPhase.Succeeded, "sha"), (script.State.Phase, script.State.WeightsSha256));
    }

    [Fact]
    public void Step_OtherMemberSilentAfterTheModelIsStored_TheJobSucceedsAfterTheGrace()
    {
        var script = new Script().Run().Completed("a", "sha", stored: true).Pass(TimeSpan.FromSeconds(4.9));
        Assert.Equal(JobPhase.Running, script.State.Phase);
        Assert.Equal(JobPhase.Succeeded, script.Pass(TimeSpan.FromSeconds(0.1)).State.Phase);
    }

    [Fact]
    public void Step_DeadlinePassed_TheJobFails()
    {
        var script = new Script(s => s.DeadlineSeconds = 60).Run();
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(60), DueTimes.Next(script.State, script.Now, new()));
        Assert.Equal(JobPhase.Failed, script.Pass(60 * s_second).State.Phase);
        Assert.Contains("deadline", script.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_SuspendedForLongerThanTheDeadline_TheClockStands()
    {
        var script = new Script(s => s.DeadlineSeconds = 60).Run().Pass(40 * s_second).Do(new SuspendRequested());
        Assert.Null(DueTimes.Deadline(script.State));
        script.Pass(1000 * s_second);

        // Nor does a restart of the coordinator start it.
        var back = JobMachine.Restore("j", script.State.Spec, script.State.Record, script.State.Progress, script.Now);
        Assert.Null(DueTimes.Deadline(back));
        back = JobMachine.Step(back, new ResumeRequested(), script.Now, new()).State;
        Assert.Equal(script.Now + 20 * s_second, DueTimes.Deadline(back));
    }

    [Fact]
    public void Restore_DeadlinePassedMeanwhile_TheJobFailsAtOnce()
    {
        var before = new Script(s => s.DeadlineSeconds = 60).Run();
        var after = before.Now + 61 * s_second;
        var back = JobMachine.Restore("j", before.State.Spec, before.State.Record, before.State.Progress, after);
        Assert.True(DueTimes.Next(back, after, new()) <= after);
        Assert.Equal(JobPhase.Failed, JobMachine.Step(back, new TimePassed(), after, new()).State.Phase);
    }

    [Fact]
    public void Step_FailuresInARow_BackOffDoublesUpToItsLimit()
    {
        var script = new Script(s => s.RetryLimit = 100).Run().Failed("a");
        // The first retry came at once.
        Assert.Equal(JobPhase.Preparing, script.State.Phase);
        var waits = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            script.Joined("a").Joined("b").Failed("a");
            Assert.Equal(JobPhase.BackingOff, script.State.Phase);
            var wait = DueTimes.Next(script.State, script.Now, new())!.Value - script.Now;
            waits.Add(wait.TotalSeconds);
            Assert.Equal(JobPhase.BackingOff, script.Pass(wait / 2).State.Phase);
            Assert.Equal(JobPhase.Preparing, script.Pass(wait / 2).State.Phase);
        }
        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], waits);
    }

    [Fact]
    public void Step_NobodyLeft_WaitsAndResumesFromTheCheckpoint()
    {
        var script = new Script().Run().Stepped("a", 6).Do(new CheckpointsChanged("4", 4, 1)).Lose("a").Lose("b");
        Assert.Equal((JobPhase.Waiting, JobState.Queued), (script.State.Phase, script.State.Phase.ToJobState()));
        script.Join("c").Joined("c");
        Assert.Equal(("4", 4), (script.Plan.CheckpointId, script.Plan.BaseStep));
    }

    [Fact]
    public void Step_CheckpointOfNoUse_IsRejectedAndTheOneBeforeIsTheBase()
    {
        var script = new Script().Do(new CheckpointsChanged("8", 8, 1)).Join("a").Joined("a");
        Assert.Equal("8", script.Plan.CheckpointId);
        script.Say("a", script.State.Generation, new GenerationFailed { Stage = FailureStages.BadCheckpoint, Message = "foreign" });
        Assert.Equal([new RejectCheckpoint("8", "foreign")], script.Effects.OfType<RejectCheckpoint>());
        script.Do(new CheckpointsChanged("4", 4, 1)).Joined("a");
        Assert.Equal("4", script.Plan.CheckpointId);
    }

    [Fact]
    public void Step_SilentGeneration_IsGivenUp()
    {
        var script = new Script().Run().Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((JobPhase.Preparing, 2), (script.State.Phase, script.State.Generation));
    }

    [Fact]
    public void Step_SubmittedSuspended_WaitsUntilResumed()
    {
        var script = new Script(s => s.Suspend = true).Join("a");
        Assert.Equal(JobPhase.Suspended, script.State.Phase);
        Assert.Equal(["a"], script.Do(new ResumeRequested()).Called);
    }

    [Fact]
    public void Step_RecoveryMeasured_TellsItsPhases()
    {
        var script = new Script().Run().Stepped("a", 1).Pass(s_second / 4).Failed("a");
        Assert.Equal([new CountDiscarded(1)], script.Effects.OfType<CountDiscarded>());
        script.Pass(s_second / 10).Joined("a", 1).Joined("b", 1);
        script.Pass(s_second / 5).Started("a").Started("b").Pass(s_second / 2).Stepped("b", 2);
        var measured = Assert.Single(script.Effects.OfType<MeasureRecovery>());
        Assert.Equal(
            (GenerationCause.WorkerFailed, s_second / 4, s_second / 10, s_second / 5, s_second / 2),
            (measured.Cause, measured.Detect, measured.Regroup, measured.StateRecovery, measured.FirstStep)
        );
    }

    [Fact]
    public void Step_StaleMessages_ChangeNothingAndAreCounted()
    {
        var script = new Script().Run().Failed("a").Joined("a", 0).Joined("b", 0);
        var before = script.State;
        script.Say("a", 1, new GenerationFailed());
        Assert.Same(before, script.State);
        Assert.Equal([new CountStale("GenerationFailed")], script.Effects);
        script.Say("c", 2, new GenerationStarted());
        Assert.Same(before, script.State);
    }
}
