using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

public class AlikeTests
{
    private static Script Trained() =>
        new Script().JoinAlike("x", "", "a", "b").Joined("a").Joined("b").Started("a").Started("b").Stepped("a", 3);

    private static JobMachineState Restored(JobMachineState state) =>
        JobMachine.Restore(state.JobId, state.Spec, state.Record, state.Progress, DateTimeOffset.UnixEpoch);

    [Fact]
    public void Plan_FirstGeneration_BindsTheJobDurably()
    {
        var script = Trained();

        Assert.Equal("x", script.State.Record.Arithmetic?.Fingerprint);
        Assert.Equal("x", Alikeness.Bound(Restored(script.State))?.Fingerprint);
    }

    [Fact]
    public void Bound_CalledButNeverPlanned_IsFreeOnceNobodyIsLeft()
    {
        var script = new Script().JoinAlike("x", "", "a");
        Assert.Equal("x", Alikeness.Bound(script.State)?.Fingerprint);

        script.Lose("a");
        Assert.Null(Alikeness.Bound(script.State));
        script.JoinAlike("y", "", "b").Joined("b");

        Assert.Equal(["b"], script.Plan.Members.Select(m => m.WorkerId));
        Assert.Equal("y", script.State.Arithmetic?.Fingerprint);
    }

    [Fact]
    public void Pool_UnlikeNewcomer_IsNotCalled()
    {
        var script = Trained().JoinAlike("y", "", "c");

        Assert.Empty(script.Called);
        Assert.Empty(script.State.Current.Newcomers);
        script.JoinAlike("x", "", "d");
        Assert.Equal(["d"], script.Called);
    }

    [Fact]
    public void Pool_MemberRestartedOnAnotherMachine_IsLostAndTheOthersGoOn()
    {
        var script = Trained();
        script.Do(
            new PoolChanged([
                new("a", "i", "http://a") { Arithmetic = new() { Fingerprint = "x" } },
                new("b", "i2", "http://b") { Arithmetic = new() { Fingerprint = "y" } },
            ])
        );
        script.Joined("a", step: 3);

        Assert.Equal(["a"], script.Plan.Members.Select(m => m.WorkerId));
        Assert.Equal(3, script.Plan.BaseStep);
    }

    [Fact]
    public void Pool_OnlyUnlikeWorkers_JobWaitsAndSaysWhy()
    {
        var script = Trained().Lose("a").Lose("b").JoinAlike("y", "1 worker computes otherwise", "c");

        Assert.Equal(JobPhase.Waiting, script.State.Phase);
        Assert.Empty(script.State.Pool);
        Assert.Equal("waits for workers; 1 worker computes otherwise", script.State.Reason);
        Assert.Contains(
            script.Effects.OfType<PublishEvent>(),
            e => e.Event.Log is { Severity: LogSeverity.Warning, Text: "1 worker computes otherwise" }
        );
        script.JoinAlike("x", "", "d").Joined("d");
        Assert.Equal(["d"], script.Plan.Members.Select(m => m.WorkerId));
    }

    [Fact]
    public void Pool_LeftAside_IsInTheReasonOfTheGeneration()
    {
        var script = new Script().JoinAlike("x", "1 worker computes otherwise", "a", "b").Joined("a").Joined("b");

        Assert.StartsWith("2 workers are there; 1 worker computes otherwise; ", script.Plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Recovering_OnlyUnlikeWorkers_WaitsForAlikeOnes()
    {
        var script = Trained();
        var restored = new Script { State = Restored(script.State) };
        restored.JoinAlike("y", "", "c").Pass(TimeSpan.FromMinutes(10));

        Assert.Equal(JobPhase.Waiting, restored.State.Phase);
        Assert.Empty(restored.Called);
        restored.JoinAlike("x", "", "d").Joined("d");
        Assert.Equal(["d"], restored.Plan.Members.Select(m => m.WorkerId));
    }

    [Fact]
    public void Recovering_JobOfAnOlderStore_TakesTheFirstKindThatIsThere()
    {
        var script = Trained();
        var older = new Script { State = Restored(script.State) with { Arithmetic = null } };
        var plan = script.State.Plan!;
        older.Do(
            new PoolChanged([
                .. plan.Members.Select(m => new PoolWorker(
                    m.WorkerId,
                    m.Incarnation,
                    m.CollectiveAddress,
                    Claim: new WorkerClaim(plan.Generation, HasState: true, 3, Training: true)
                )
                {
                    Arithmetic = new Arithmetic { Fingerprint = "x" },
                }),
            ])
        );

        Assert.Equal((JobPhase.Running, "x"), (older.State.Phase, older.State.Record.Arithmetic?.Fingerprint));
    }
}
