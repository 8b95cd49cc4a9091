using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>What a coordinator that comes back does with its jobs.</summary>
public class RestartTests
{
    [Fact]
    public async Task Restart_MembersStillTraining_GenerationGoesOnUndisturbed()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync();
        await harness.RestartAsync();

        var running = new RunningJob
        {
            JobId = "job-1",
            Generation = plan.Generation,
            HasState = true,
            CompletedStep = 8,
            Training = true,
        };
        a.Register(running);
        b.Register(running);
        await harness.UntilAsync("job-1", j => j.Record.Reason.Contains("went on without it", StringComparison.Ordinal));
        a.Step(plan, 9);
        var job = await harness.UntilAsync("job-1", j => j.Progress.Step == 9);

        Assert.Equal((JobPhase.Running, plan.Generation), (job.Record.Phase, job.Record.Generation));
    }

    [Fact]
    public async Task Restart_OneMemberGone_NextGenerationHasANewNumber()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync();
        await harness.RestartAsync();
        var held = new RunningJob
        {
            JobId = "job-1",
            Generation = plan.Generation,
            HasState = true,
            CompletedStep = 4,
            Training = false,
        };
        a.Register(held);
        b.Register(held);
        var call = await a.PrepareAsync(hasState: true, step: 4);
        await b.PrepareAsync(hasState: true, step: 4);
        Assert.True(call.Generation > plan.Generation);
        Assert.Equal(4, (await a.StartAsync()).BaseStep);
    }

    [Fact]
    public async Task Register_JobOfAStoreThatWasLost_IsTakenBackFromItsWorkers()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b) = (harness.Worker("a"), harness.Worker("b"));
        var held = new RunningJob
        {
            JobId = "lost-1",
            Generation = 5,
            HasState = true,
            CompletedStep = 8,
            Training = true,
            Spec = JobSpecDefaults.Fill(new JobSpec { Seed = 7 }),
            Origin = new() { StoreId = "another" },
        };
        a.Register(held);
        b.Register(new(held) { Generation = 6 });

        var call = await a.PrepareAsync(hasState: true, step: 8);
        while (call.Generation <= 6)
        {
            // The other one may have come a little later.
            call = await a.PrepareAsync(hasState: true, step: 8);
        }
        await b.PrepareAsync(hasState: true, step: 8);
        Assert.Equal(held.Spec, call.Spec);
        Assert.Equal(8, (await a.StartAsync()).BaseStep);
        Assert.Contains("taken over", (await harness.Store.EventsAsync("lost-1", after: 100, 9))[0].State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restart_AfterAGenerationFailed_TheLedgerStillSaysWhoDidWhat()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();
        harness.System.Stop(b.Actor);
        await a.PrepareAsync(hasState: true, step: 7);
        var second = await a.StartAsync();
        a.Step(second, 9);
        await harness.UntilAsync("job-1", j => j.Progress.Step == 9);
        await harness.RestartAsync();
        a.Register(
            new RunningJob
            {
                JobId = "job-1",
                Generation = 2,
                HasState = true,
                CompletedStep = 9,
                Training = true,
            }
        );
        a.Complete(second, stored: true);
        await harness.UntilAsync("job-1", j => j.Record.Phase == JobPhase.Succeeded);

        var lineage = LedgerLineage.Of(await harness.Store.LedgerAsync("job-1"));
        Assert.Empty(lineage.Findings);
        Assert.Equal([(1, 1, 7), (2, 8, 10)], lineage.Ranges.Select(r => (r.Entry.Generation, r.First, r.Last)));
        Assert.Equal(["a", "b"], lineage.Ranges[0].Entry.Plan.Members.Select(m => m.WorkerId));
    }
}
