using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Each fault is one line: generation, step, worker, cause, what was done and what was lost.</summary>
public class FaultTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Lost_OneOfTwo_TheOtherGoesOn() =>
        Assert.Equal(
            [
                "generation 1, step 5: b (rank 1, b): lost: its actor ended; done: generation 2 is called with a; lost: step 6, which is "
                    + "computed again",
            ],
            new Script().Run().Stepped("a", 5).Lose("b").Faults
        );

    [Fact]
    public void Lost_AllWithoutACheckpoint_NamesTheStepsThatAreDoneAgain() =>
        Assert.Equal(
            [
                "generation 1, step 5: a (rank 0, a), b (rank 1, b): lost: power cut; done: the job waits for workers; lost: steps 1 to 5, "
                    + "computed again from the beginning",
            ],
            new Script().Run().Stepped("a", 5).Lose("power cut", "a", "b").Faults
        );

    [Fact]
    public void Lost_AllWithACheckpoint_NamesTheStepsSinceIt() =>
        Assert.EndsWith(
            "lost: steps 4 to 5, computed again from step 3",
            Assert.Single(new Script().Run().Stepped("a", 5).Do(new CheckpointsChanged("3", 3, 1)).Lose("power cut", "a", "b").Faults),
            StringComparison.Ordinal
        );

    [Fact]
    public void Lost_WhileTheGenerationIsCalled_TheOthersAreCalledOn() =>
        Assert.Equal(
            ["generation 1, step 0: b (b): lost: its actor ended; done: generation 1 is called with a; lost: nothing"],
            new Script().Join("a", "b").Lose("b").Faults
        );

    [Fact]
    public void Failed_AMember_TheNextGenerationIsCalled() =>
        Assert.Equal(
            [
                "generation 1, step 5: a (rank 0, a): reported Aborted (suspects: b): boom; done: generation 2 is called with a, b; lost: "
                    + "step 6, which is computed again",
            ],
            new Script().Run().Stepped("a", 5).Failed("a", "b").Faults
        );

    [Fact]
    public void Failed_TwiceInARow_SaysWhenItIsTriedAgain() =>
        Assert.Contains(
            "done: the next generation is tried in 0.5 s",
            Assert.Single(new Script().Run().Failed("a").Joined("a").Joined("b").Failed("b").Faults),
            StringComparison.Ordinal
        );

    [Fact]
    public void Failed_OftenerThanAllowed_EndsTheJob() =>
        Assert.Equal(
            [
                "generation 1, step 0: a (rank 0, a): 1 generations in a row failed without one step done; the last: a reported Aborted: boom; "
                    + "done: the job has failed; lost: the model; there is no checkpoint",
            ],
            new Script(s => s.RetryLimit = 0).Run().Failed("a").Faults
        );

    [Fact]
    public void Silent_WhenCalled_IsLeftOut() =>
        Assert.Equal(
            ["generation 1, step 0: b (b): does not answer; done: it is left out for 2 s; lost: nothing"],
            new Script().Join("a", "b").Acknowledged("a").Pass(s_second / 2).Pass(s_second / 2).Faults
        );

    [Fact]
    public void StandsStill_AGeneration_NamesItsMembers()
    {
        var fault = Assert.Single(new Script().Run().Stepped("a", 5).Pass(new JobMachineOptions().StallTimeout).Faults);
        Assert.StartsWith(
            "generation 1, step 5: a (rank 0, a), b (rank 1, b): no member has said anything for 10 min; done: generation 2 is called",
            fault,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void NotStarted_InTime_NamesWhoIsLate()
    {
        var script = new Script().Join("a", "b").Joined("a").Joined("b").Started("a").Pass(new JobMachineOptions().StartTimeout);
        Assert.Equal(
            [
                "generation 1, step 0: b (rank 1, b): did not start in time; done: it is left out for 2 s; lost: nothing",
                "generation 1, step 0: b (rank 1, b): did not start within 10 min; done: generation 2 is called with a; lost: nothing",
            ],
            script.Faults
        );
    }

    [Fact]
    public void Checkpoint_NotStored_NamesTheOneThatStands()
    {
        var script = new Script().Run().Stepped("a", 5);
        var failed = new CheckpointReport { Step = 5, Error = "ResourceExhausted: disk full" };
        Assert.Equal(
            [
                "generation 1, step 5: a (rank 0, a): the checkpoint was not stored: ResourceExhausted: disk full; done: training goes on, and "
                    + "the next checkpoint is tried when it is due; lost: nothing, but there is no checkpoint yet",
            ],
            script.Say("a", 1, failed).Faults
        );
        Assert.EndsWith(
            "lost: nothing: checkpoint 3 stands",
            Assert.Single(script.Do(new CheckpointsChanged("3", 3, 1)).Say("a", 1, failed).Faults),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void JobFailed_OnAWorker_NamesWorkerAndCode() =>
        Assert.Equal(
            [
                "generation 1, step 5: b (rank 1, b): BAD_DATASET: no sentence; done: the job has failed; lost: the model; checkpoint 3 of step 3 "
                    + "stands",
            ],
            new Script()
                .Run()
                .Stepped("a", 5)
                .Do(new CheckpointsChanged("3", 3, 1))
                .Say("b", 1, new JobFailedOnWorker { Code = "BAD_DATASET", Message = "no sentence" })
                .Faults
        );

    [Fact]
    public void Deadline_Passed_IsNobodysFault() =>
        Assert.Equal(
            [
                "generation 1, step 5: the deadline of 60 s after the start has passed; done: the job has failed; lost: the model; there is no "
                    + "checkpoint",
            ],
            new Script(s => s.DeadlineSeconds = 60).Run().Stepped("a", 5).Pass(TimeSpan.FromMinutes(1)).Faults
        );

    [Fact]
    public void Faults_OfThingsBesideTheMachine_SayWhatIsDone()
    {
        var state = new Script().Run().Stepped("a", 5).State;
        Assert.Equal(
            "generation 1, step 5: checkpoint 3 is damaged: weights.safetensors is shorter; done: it is passed over for the one before; lost: "
                + "the steps since the one before, unless a worker holds them",
            Faults.CheckpointDamaged(state, "3", "weights.safetensors is shorter", []).Line()
        );
        Assert.Equal(
            "generation 1, step 5: the job's record could not be stored: disk full; done: it is tried every 1 s; workers train on, changes of "
                + "the group wait; lost: nothing yet",
            Faults.RecordNotStored(state, "disk full", s_second).Line()
        );
    }
}
