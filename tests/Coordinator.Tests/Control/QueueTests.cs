using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>What the queue decides, carried out by real actors.</summary>
public class QueueTests
{
    private static async Task<QueueStatus> QueueAsync(ActorHarness harness, string name = "") =>
        await harness.Actor.Ask<QueueStatus>(new QueueRequested(name), ProbeWorker.Timeout);

    private static void Workers(JobSpec spec, int min, int max) => spec.Workers = new() { Min = min, Max = max };

    [Fact]
    public async Task Job_ThatNeedsMoreWorkersThanAreHere_SaysSoAndHoldsNobodyUp()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Register();
        await a.NextAsync<WorkerRegistered>();

        await harness.SubmitAsync(s => Workers(s, 4, 4), "big");
        await harness.SubmitAsync(s => Workers(s, 1, 1), "small");

        Assert.Equal("small", (await a.PrepareAsync()).JobId);
        await harness.UntilAsync("big", j => j.Record.Reason == "needs 4 workers, 1 are here");
        var queue = await QueueAsync(harness);
        Assert.Equal([("big", 1), ("small", 0)], queue.Jobs.Select(j => (j.JobId, j.Position)));
        Assert.Equal(QueueVerdict.TooFewWorkers, queue.Jobs[0].Verdict);
        Assert.Equal((1, 0), (queue.WorkerCount, queue.FreeWorkerCount));
        Assert.Empty((await QueueAsync(harness, "other")).Jobs);
    }

    [Fact]
    public async Task Job_OfHigherPriority_TakesTheWorkersOfAnotherWhichStoresItsStateAndIsResumedLater()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync(s => Workers(s, 2, 2));
        a.Step(plan, 1);
        b.Step(plan, 1);
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);

        await harness.SubmitAsync(
            s =>
            {
                Workers(s, 2, 2);
                s.Priority = 5;
            },
            "job-2"
        );
        var ending = await a.PrepareAsync(hasState: true, step: 4);
        await b.PrepareAsync(hasState: true, step: 4);
        Assert.Equal(("job-1", true), (ending.JobId, ending.FinishStep > 1));
        // One stores the state, and only then the other job may have it.
        var stop = await a.NextAsync<StopTraining>();
        Assert.True(stop is { KeepState: true, StoreCheckpoint: true });
        Assert.True((await b.NextAsync<StopTraining>()).KeepState);
        Assert.Equal(JobState.Running, (await harness.Store.GetAsync("job-1"))!.Record.Phase.ToJobState());
        a.Report("job-1", stop.Generation, r => r.Stopped = new() { CompletedStep = 4 });

        Assert.Equal("job-2", (await a.PrepareAsync()).JobId);
        Assert.Equal("job-2", (await b.PrepareAsync()).JobId);
        var waiting = await harness.UntilAsync("job-1", j => j.Record.Phase == JobPhase.Waiting);
        Assert.StartsWith("preempted for job-2, whose priority is 5 and not 0", waiting.Record.Reason, StringComparison.Ordinal);
        Assert.True(Assert.Single((await QueueAsync(harness)).Jobs, j => j.JobId == "job-1").Preempted);

        await harness.Actor.Ask<CommandDone>(new JobCommand("job-2", new CancelRequested("")));
        Assert.Equal("job-1", (await a.PrepareAsync(hasState: true, step: 4)).JobId);
        await b.PrepareAsync(hasState: true, step: 4);
        Assert.Equal(4, (await a.StartAsync()).BaseStep);
        Assert.Equal("", (await harness.UntilAsync("job-1", j => j.Record.Plan?.BaseStep == 4)).Record.PreemptedFor);
    }

    [Fact]
    public async Task Job_WithMoreThanItsMinimum_GivesAWorkerBackAndGetsItAgain()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync();
        a.Step(plan, 1);
        b.Step(plan, 1);
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);

        await harness.SubmitAsync(s => Workers(s, 1, 1), "job-2");
        await a.PrepareAsync(hasState: true, step: 4);
        await b.PrepareAsync(hasState: true, step: 4);
        var alone = await a.StartAsync();
        Assert.Equal(("job-1", 4), (alone.JobId, alone.BaseStep));
        Assert.Equal(["a"], alone.Members.Select(m => m.WorkerId));
        Assert.Equal("job-2", (await b.PrepareAsync()).JobId);
        Assert.Contains(await harness.Store.EventsAsync("job-1", 0, 100), e => e.Log?.Text == "gives b back for job-2");

        // Its memory of job-1 is of no use any more, and does not bind it to that job.
        b.Register(new() { JobId = "job-2", Generation = 1 });
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-2", new CancelRequested("")));
        Assert.Equal("job-1", (await b.PrepareAsync()).JobId);
    }

    [Fact]
    public async Task Job_PreemptedThenSuspendedByItsOwner_IsNotResumedByTheQueue()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync(s => Workers(s, 2, 2));
        await harness.SubmitAsync(
            s =>
            {
                Workers(s, 2, 2);
                s.Priority = 5;
            },
            "job-2"
        );
        await a.NextAsync<StopTraining>();
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new SuspendRequested()));
        Assert.Equal("job-2", (await a.PrepareAsync()).JobId);
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-2", new CancelRequested("")));
        await harness.SubmitAsync(s => Workers(s, 2, 2), "job-3");

        Assert.Equal("job-3", (await a.PrepareAsync()).JobId);
        Assert.Equal(JobPhase.Suspended, (await harness.Store.GetAsync("job-1"))!.Record.Phase);
    }

    [Fact]
    public async Task Restart_WhileAJobWaitsPreempted_ItStillNeedsItsMinimum()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, _) = await harness.TwoTrainAsync(s => Workers(s, 2, 2));
        await harness.SubmitAsync(
            s =>
            {
                Workers(s, 1, 1);
                s.Priority = 5;
            },
            "job-2"
        );
        var stop = await a.NextAsync<StopTraining>();
        a.Report("job-1", stop.Generation, r => r.Stopped = new());
        await harness.UntilAsync("job-1", j => j.Record.Phase == JobPhase.Waiting);
        await harness.RestartAsync();
        var c = harness.Worker("c");
        c.Register();
        Assert.Equal("job-2", (await c.PrepareAsync()).JobId);
        await harness.UntilAsync("job-1", j => j.Record.Reason.EndsWith("needs 2 workers, 1 are here", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Priority_OfAJobThatWaitsIsRaised_ItIsFirstAtOnce()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, _) = await harness.TwoTrainAsync(s => Workers(s, 2, 2));
        foreach (var id in new[] { "job-2", "job-3" })
        {
            await harness.SubmitAsync(
                s =>
                {
                    Workers(s, 2, 2);
                    s.Priority = -10;
                },
                id
            );
        }
        Assert.Equal([("job-2", 1), ("job-3", 2), ("job-1", 0)], await LineAsync());

        await EditAsync(harness, "job-3", s => s.Priority = -5);
        Assert.Equal([("job-3", 1), ("job-2", 2), ("job-1", 0)], await LineAsync());

        // Above that of the job that has the workers: it gets them.
        await EditAsync(harness, "job-2", s => s.Priority = 5);
        var stop = await a.NextAsync<StopTraining>();
        Assert.Equal(("job-1", true), (stop.JobId, stop.KeepState));

        async Task<IEnumerable<(string, int)>> LineAsync() => (await QueueAsync(harness)).Jobs.Select(j => (j.JobId, j.Position));
    }

    [Fact]
    public async Task MaxWorkers_OfARunningJobLoweredAndRaised_AWorkerLeavesAtTheEndOfAStepAndComesBack()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync(s => Workers(s, 1, 2));
        a.Step(plan, 1);
        b.Step(plan, 1);
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);

        await EditAsync(harness, "job-1", s => s.Workers.Max = 1);
        var change = await a.PrepareAsync(hasState: true, step: 4);
        await b.PrepareAsync(hasState: true, step: 4);
        Assert.True(change.FinishStep > 1);
        var alone = await a.StartAsync();
        Assert.Equal(["a"], alone.Members.Select(m => m.WorkerId));
        // As the workers know it from now on.
        Assert.Equal(1, change.Spec.Workers.Max);

        await EditAsync(harness, "job-1", s => s.Workers.Max = 2);
        Assert.Equal("job-1", (await b.PrepareAsync(hasState: true, step: 4)).JobId);
    }

    private static async Task EditAsync(ActorHarness harness, string id, Action<JobSpec> change)
    {
        var job = await harness.Store.EditAsync(
            id,
            found =>
            {
                var spec = found.Spec.Clone();
                change(spec);
                return new JobEdit(spec, found.Labels);
            }
        );
        await harness.Actor.Ask<CommandDone>(new JobEdited(job!), ProbeWorker.Timeout);
    }
}
