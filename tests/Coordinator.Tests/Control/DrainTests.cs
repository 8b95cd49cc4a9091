using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>Workers that want to leave.</summary>
public class DrainTests
{
    [Fact]
    public async Task Drain_OfOneOfTwo_IsCompletedOnceTheOtherIsCalledAlone()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();

        b.Tell(new DrainWorker { WorkerId = "b", Incarnation = "i" });
        var call = await a.PrepareAsync(hasState: true, step: 2);
        await b.NextAsync<DrainCompleted>();
        var plan = await a.StartAsync();

        Assert.Contains("b leaves", call.Reason, StringComparison.Ordinal);
        Assert.Equal(["a"], plan.Members.Select(m => m.WorkerId));
    }

    [Fact]
    public async Task Drain_OfTheLastWorker_IsCompletedOnceItsStateIsStored()
    {
        await using var harness = await ActorHarness.StartAsync();
        var job = await harness.SubmitAsync();
        var a = harness.Worker("a");
        a.Register();
        await a.PrepareAsync();
        var plan = await a.StartAsync();
        a.Step(plan, 3);
        await harness.UntilAsync(job, j => j.Progress.Step == 3);

        a.Tell(new DrainWorker { WorkerId = "a", Incarnation = "i" });
        var stop = await a.NextAsync<StopTraining>();
        Assert.True(stop is { KeepState: true, StoreCheckpoint: true });
        a.Report(job, stop.Generation, r => r.Stopped = new() { CompletedStep = 3 });
        await a.NextAsync<DrainCompleted>();
        await harness.UntilAsync(job, j => j.Record.Phase == JobPhase.Waiting);
    }
}
