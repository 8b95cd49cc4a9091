using System.Collections.Concurrent;
using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>Jobs from their submission to their end, by real actors.</summary>
public class JobLifeTests
{
    [Fact]
    public async Task Job_TwoWorkers_RunsToItsEnd()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await harness.TwoTrainAsync();
        Assert.Equal([("a", 0, 4), ("b", 4, 4)], plan.Members.Select(m => (m.WorkerId, m.FirstShard, m.ShardCount)));

        a.Step(plan, 1);
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);
        a.Complete(plan, stored: true);
        b.Complete(plan, stored: false);
        var job = await harness.UntilAsync("job-1", j => j.Record.Phase.HasEnded());

        Assert.Equal((JobPhase.Succeeded, "sha"), (job.Record.Phase, job.Record.WeightsSha256));
        Assert.False((await a.NextAsync<StopTraining>()).KeepState);
        Assert.False((await b.NextAsync<StopTraining>()).KeepState);
    }

    [Fact]
    public async Task Job_Submitted_IsHandedOverWithoutAReadOfTheStore()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Register();
        await a.NextAsync<WorkerRegistered>();
        var statements = new ConcurrentQueue<string>();
        harness.Store.Observer = command => statements.Enqueue(command.CommandText);

        await harness.SubmitAsync();
        await a.PrepareAsync();

        Assert.Contains(statements, s => s.StartsWith("UPDATE jobs", StringComparison.Ordinal));
        Assert.DoesNotContain(statements, s => s.Contains("FROM jobs", StringComparison.Ordinal));
        Assert.DoesNotContain(statements, s => s.Contains("FROM generations", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Job_ItsActorFails_GoesOnFromTheStoreNotFromItsSubmission()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();

        harness.System.ActorSelection(harness.Actor.Path / "job-1").Tell(new JobCommand("job-1", null!));
        await a.PrepareAsync(hasState: true, step: 3);
        await b.PrepareAsync(hasState: true, step: 3);

        var plan = await a.StartAsync();
        Assert.Equal((2, 3), (plan.Generation, plan.BaseStep));
    }

    [Fact]
    public async Task Job_WorkersActorEnds_SurvivorGoesOnFromTheNewestStep()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();

        harness.System.Stop(b.Actor);
        await a.PrepareAsync(hasState: true, step: 7);
        var plan = await a.StartAsync();

        Assert.Equal((2, 7, 1), (plan.Generation, plan.BaseStep, plan.Members.Count));
        Assert.Contains("lost b", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_WorkerThatComputesOtherwise_IsLeftAsideAlsoAfterARestartAndWhenNobodyElseIsLeft()
    {
        await using var harness = await ActorHarness.StartAsync();
        await harness.TwoTrainAsync();
        Assert.Equal("f0", (await harness.Store.GetAsync("job-1"))!.ToJob().Arithmetic.Fingerprint);

        var unlike = harness.Worker("unlike", arithmetic: "f1");
        unlike.Register();
        await unlike.NextAsync<WorkerRegistered>();
        Assert.Equal(["training", "training", "idle"], await harness.StatesAsync());
        await harness.RestartAsync();
        unlike.Register();
        await unlike.NextAsync<WorkerRegistered>();
        // A process of the same name on a machine like those of the beginning.
        var again = harness.Worker("a", "i2");
        again.Register();
        await again.NextAsync<WorkerRegistered>();
        await again.PrepareAsync();
        var plan = await again.StartAsync();

        Assert.Equal(["a"], plan.Members.Select(m => m.WorkerId));
        Assert.Contains(
            await harness.Store.EventsAsync("job-1", 0, 100),
            e => e.Log?.Text.Contains("unlike (f1: cpu of f1)", StringComparison.Ordinal) == true
        );
    }

    [Fact]
    public async Task Job_OnlyWorkersThatComputeOtherwiseAreLeft_WaitsAndSaysWhatHelps()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();
        harness.Worker("unlike", arithmetic: "f1").Register();
        harness.System.Stop(a.Actor);
        harness.System.Stop(b.Actor);

        var job = await harness.UntilAsync(
            "job-1",
            j => j.Record.Phase == JobPhase.Waiting && j.Record.Reason.Contains("unlike (f1", StringComparison.Ordinal)
        );

        Assert.Contains("The job began with f0: cpu of f0", job.Record.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_GenerationFailedReport_CallsTheNextOneWithEveryoneWhoAnswers()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, first) = await harness.TwoTrainAsync();

        a.Report("job-1", first.Generation, r => r.Failed = new() { Stage = "PeerUnreachable", Suspects = { "b" } });
        await a.PrepareAsync(hasState: true, step: 3);
        // b says nothing: it is left out in less than the time that others get.
        var plan = await a.StartAsync();

        Assert.Equal(["a"], plan.Members.Select(m => m.WorkerId));
        Assert.Equal(3, plan.BaseStep);
        await b.NextAsync<OpenRendezvous>();
    }

    [Fact]
    public async Task Job_NewcomerWhileRunning_PreparesAloneAndThenJoins()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();
        var c = harness.Worker("c");
        c.Register();

        var alone = await c.PrepareAsync();
        var everyone = await a.PrepareAsync(hasState: true, step: 5);
        await b.PrepareAsync(hasState: true, step: 5);
        await c.PrepareAsync();
        var plan = await c.StartAsync();

        Assert.Equal((2, 3), (alone.Generation, everyone.Generation));
        Assert.Equal(
            [("a", true), ("b", true), ("c", false)],
            plan.Members.OrderBy(m => m.WorkerId, StringComparer.Ordinal).Select(m => (m.WorkerId, m.HasBaseState))
        );
    }

    [Fact]
    public async Task Job_SubmittedSuspended_CallsNobodyUntilItIsResumed()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Register();
        await a.NextAsync<WorkerRegistered>();
        await harness.SubmitAsync(s => s.Suspend = true);
        // Another job gets the worker, for this one does not want it.
        await harness.SubmitAsync(id: "job-2");
        Assert.Equal("job-2", (await a.PrepareAsync()).JobId);
        Assert.Equal(JobPhase.Suspended, (await harness.Store.GetAsync("job-1"))!.Record.Phase);
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-2", new CancelRequested("")));
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new ResumeRequested()));
        Assert.Equal("job-1", (await a.PrepareAsync()).JobId);
    }

    [Fact]
    public async Task SuspendAndResume_RunningJob_StopsItsMembersAndCallsThemAgain()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();

        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new SuspendRequested()));
        Assert.True((await a.NextAsync<StopTraining>()).KeepState);
        Assert.Equal(JobPhase.Suspended, (await harness.Store.GetAsync("job-1"))!.Record.Phase);
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new ResumeRequested()));

        Assert.Equal(2, (await a.PrepareAsync(hasState: true, step: 6)).Generation);
        await b.PrepareAsync(hasState: true, step: 6);
        Assert.Equal(6, (await b.StartAsync()).BaseStep);
    }

    [Fact]
    public async Task Cancel_RunningJob_IsDurableWhenAnsweredAndFreesItsWorkers()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await harness.TwoTrainAsync();
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new CancelRequested("enough")));
        Assert.Equal("cancelled: enough", (await harness.Store.GetAsync("job-1"))!.Record.Reason);
        await harness.SubmitAsync(id: "job-2");
        Assert.Equal("job-2", (await a.PrepareAsync()).JobId);
        Assert.Equal("job-2", (await b.PrepareAsync()).JobId);
    }
}
