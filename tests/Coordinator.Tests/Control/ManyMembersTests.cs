using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>Groups of hundreds of members, by real actors: every member gets the one plan, and a death makes one new plan.</summary>
public class ManyMembersTests
{
    private const int Members = 300;

    [Fact]
    public async Task Job_HundredsOfMembers_AllGetOnePlanAndADeathMakesOneMore()
    {
        await using var harness = await ActorHarness.StartAsync();
        var workers = Enumerable.Range(0, Members).Select(i => harness.Worker($"w{i:000}")).ToList();
        workers.ForEach(w => w.Register());
        foreach (var worker in workers)
        {
            await worker.NextAsync<WorkerRegistered>();
        }
        await harness.SubmitAsync(spec =>
        {
            spec.Training = new TrainingSpec { LogicalShards = 512, BatchTokens = 512 * 16 };
            spec.Workers = new WorkersSpec { Min = Members - 1, Max = Members };
        });
        var first = await RunAsync(harness, workers, hasState: false);
        Assert.Equal(Enumerable.Range(0, 512), first.Members.SelectMany(m => Enumerable.Range(m.FirstShard, m.ShardCount)));
        Assert.Equal(Members, first.Members.Select(m => m.WorkerId).Distinct().Count());
        // Every member reports every step: it counts once.
        for (var step = 1; step <= 3; step++)
        {
            workers.ForEach(w => w.Step(first, step));
        }
        await harness.UntilAsync("job-1", j => j.Progress.Step == 3);

        harness.System.Stop(workers[7].Actor);
        workers.RemoveAt(7);
        var second = await RunAsync(harness, workers, hasState: true);

        Assert.Equal((first.Generation + 1, 3, Members - 1), (second.Generation, second.BaseStep, second.Members.Count));
        Assert.DoesNotContain(second.Members, m => m.WorkerId == "w007");
        Assert.Equal(Enumerable.Range(0, 512), second.Members.SelectMany(m => Enumerable.Range(m.FirstShard, m.ShardCount)));
    }

    private static async Task<StartGeneration> RunAsync(ActorHarness harness, IReadOnlyList<ProbeWorker> workers, bool hasState)
    {
        foreach (var worker in workers)
        {
            await worker.PrepareAsync(hasState, hasState ? 3 : 0);
        }
        StartGeneration? plan = null;
        foreach (var worker in workers)
        {
            var mine = await worker.StartAsync();
            Assert.Equal(plan ??= mine, mine);
        }
        await harness.UntilAsync("job-1", j => j.Record.Phase == JobPhase.Running);
        return plan!;
    }
}
