using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

public class CoordinatorActorTests
{
    private static async Task<(ProbeWorker A, ProbeWorker B, StartGeneration Plan)> TwoTrainAsync(ActorHarness harness)
    {
        var (a, b) = (harness.Worker("a"), harness.Worker("b"));
        a.Register();
        b.Register();
        await a.NextAsync<WorkerRegistered>();
        await b.NextAsync<WorkerRegistered>();
        await harness.SubmitAsync();
        await a.PrepareAsync();
        await b.PrepareAsync();
        var plan = await a.StartAsync();
        Assert.Equal(plan, await b.StartAsync());
        await harness.UntilAsync("job-1", j => j.Record.Phase == JobPhase.Running);
        return (a, b, plan);
    }

    [Fact]
    public async Task Job_TwoWorkers_RunsToItsEnd()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await TwoTrainAsync(harness);
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
    public async Task Job_WorkersActorEnds_SurvivorGoesOnFromTheNewestStep()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await TwoTrainAsync(harness);

        harness.System.Stop(b.Actor);
        await a.PrepareAsync(hasState: true, step: 7);
        var plan = await a.StartAsync();

        Assert.Equal((2, 7, 1), (plan.Generation, plan.BaseStep, plan.Members.Count));
        Assert.Contains("lost b", plan.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "unreachable")]
    [InlineData(3600, "training")]
    public async Task Reachability_Accused_IsLostOnlyWhenSilentForLonger(int silentSeconds, string state)
    {
        await using var harness = await ActorHarness.StartAsync(TimeSpan.FromSeconds(silentSeconds));
        var (a, _, _) = await TwoTrainAsync(harness);

        // As one that slept would say when it wakes: nobody is there. (Both probes live in one node.)
        harness.Actor.Tell(new MemberReachability(a.Actor.Path.Address, Reachable: false));

        Assert.Equal([state, state], await StatesAsync(harness));
    }

    [Fact]
    public async Task Register_WithoutArithmetic_IsRefused()
    {
        await using var harness = await ActorHarness.StartAsync();
        var old = harness.Worker("old");
        old.Tell(
            new RegisterWorker
            {
                WorkerId = "old",
                Incarnation = "i",
                Version = "0.0.9",
            }
        );

        Assert.Contains(
            "does not tell how it computes (version 0.0.9)",
            (await old.NextAsync<WorkerRegistered>()).Refused,
            StringComparison.Ordinal
        );
        Assert.Empty(await StatesAsync(harness));
    }

    [Fact]
    public async Task Job_WorkerThatComputesOtherwise_IsLeftAsideAlsoAfterARestartAndWhenNobodyElseIsLeft()
    {
        await using var harness = await ActorHarness.StartAsync();
        await TwoTrainAsync(harness);
        Assert.Equal("f0", (await harness.Store.GetAsync("job-1"))!.ToJob().Arithmetic.Fingerprint);

        var unlike = harness.Worker("unlike", arithmetic: "f1");
        unlike.Register();
        await unlike.NextAsync<WorkerRegistered>();
        Assert.Equal(["training", "training", "idle"], await StatesAsync(harness));
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
        var (a, b, _) = await TwoTrainAsync(harness);
        harness.Worker("unlike", arithmetic: "f1").Register();
        harness.System.Stop(a.Actor);
        harness.System.Stop(b.Actor);

        var job = await harness.UntilAsync(
            "job-1",
            j => j.Record.Phase == JobPhase.Waiting && j.Record.Reason.Contains("unlike (f1", StringComparison.Ordinal)
        );

        Assert.Contains("The job began with f0: cpu of f0", job.Record.Reason, StringComparison.Ordinal);
    }

    private static async Task<string[]> StatesAsync(ActorHarness harness) =>
        [.. (await harness.Actor.Ask<ClusterStatus>(StatusRequested.Instance, TimeSpan.FromSeconds(30))).Workers.Select(w => w.State)];

    [Fact]
    public async Task Job_GenerationFailedReport_CallsTheNextOneWithEveryoneWhoAnswers()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, first) = await TwoTrainAsync(harness);

        a.Report(
            "job-1",
            r =>
                r.Failed = new()
                {
                    JobId = "job-1",
                    Generation = first.Generation,
                    WorkerId = "a",
                    Stage = "PeerUnreachable",
                    Suspects = { "b" },
                }
        );
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
        var (a, b, _) = await TwoTrainAsync(harness);
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
    public async Task Drain_OfOneOfTwo_IsCompletedOnceTheOtherIsCalledAlone()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await TwoTrainAsync(harness);

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
        a.Report(
            job,
            r =>
                r.Stopped = new()
                {
                    JobId = job,
                    Generation = stop.Generation,
                    WorkerId = "a",
                    CompletedStep = 3,
                }
        );
        await a.NextAsync<DrainCompleted>();
        await harness.UntilAsync(job, j => j.Record.Phase == JobPhase.Waiting);
    }

    [Fact]
    public async Task Restart_MembersStillTraining_GenerationGoesOnUndisturbed()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, plan) = await TwoTrainAsync(harness);
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
        var (a, b, plan) = await TwoTrainAsync(harness);
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
    public async Task Restart_AfterAGenerationFailed_TheLedgerStillSaysWhoDidWhat()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await TwoTrainAsync(harness);
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

    [Fact]
    public async Task Report_SentTwice_IsStoredOnceAndAcknowledgedBothTimes()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await TwoTrainAsync(harness);
        void Evaluated(WorkerReport r) =>
            r.Evaluation = new()
            {
                JobId = "job-1",
                Generation = plan.Generation,
                Step = 5,
                WorkerId = "a",
                Bleu = 12,
            };

        while ((await a.NextAsync<ReportsReceived>()).Sequence < 2) { }
        a.Report("job-1", Evaluated, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);
        a.Report("job-1", Evaluated, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);

        Assert.Single(await harness.Store.EventsAsync("job-1", 0, 100), e => e.Evaluation is not null);
    }

    [Fact]
    public async Task Report_AfterAGap_WaitsForTheMissingOne()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await TwoTrainAsync(harness);
        while ((await a.NextAsync<ReportsReceived>()).Sequence < 2) { }
        void Log(WorkerReport r) =>
            r.Log = new()
            {
                JobId = "job-1",
                Generation = plan.Generation,
                WorkerId = "a",
                Level = "info",
                Text = "x",
            };

        a.Report("job-1", Log, 4);
        a.Report("job-1", Log, 3);
        Assert.Equal(3, (await a.NextAsync<ReportsReceived>()).Sequence);
    }

    [Fact]
    public async Task Register_WithTheClusterOfAnotherCoordinator_IsAskedToRejoin()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Tell(
            new RegisterWorker
            {
                WorkerId = "a",
                Incarnation = "i",
                FirstReport = 1,
                Coordinator = "zero",
            }
        );
        var answer = await a.NextAsync<WorkerRegistered>();
        Assert.True(answer.Rejoin);
        Assert.Empty((await harness.Actor.Ask<ClusterStatus>(StatusRequested.Instance)).Workers);
    }

    [Fact]
    public async Task Register_SecondWorkerOfTheSameName_ReplacesTheFirstWhichIsRefused()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (old, young) = (harness.Worker("a", "old"), harness.Worker("a", "young"));
        old.Register();
        Assert.Equal("", (await old.NextAsync<WorkerRegistered>()).Refused);
        young.Register();
        Assert.Equal("", (await young.NextAsync<WorkerRegistered>()).Refused);
        old.Register();
        Assert.Contains("--name", (await old.NextAsync<WorkerRegistered>()).Refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Register_HoldingAJobThatHasEnded_IsToldToStop()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Register(
            new RunningJob
            {
                JobId = "gone",
                Generation = 3,
                Training = true,
            }
        );
        var stop = await a.NextAsync<StopTraining>();
        Assert.Equal(("gone", 3, false), (stop.JobId, stop.Generation, stop.KeepState));
    }

    [Fact]
    public async Task SuspendAndResume_RunningJob_StopsItsMembersAndCallsThemAgain()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, b, _) = await TwoTrainAsync(harness);

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
        var (a, b, _) = await TwoTrainAsync(harness);
        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new CancelRequested("enough")));
        Assert.Equal("cancelled: enough", (await harness.Store.GetAsync("job-1"))!.Record.Reason);
        await harness.SubmitAsync(id: "job-2");
        Assert.Equal("job-2", (await a.PrepareAsync()).JobId);
        Assert.Equal("job-2", (await b.PrepareAsync()).JobId);
    }

    [Fact]
    public async Task Metrics_OfAnEndedJob_AreRemoved()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (a, _, plan) = await TwoTrainAsync(harness);
        a.Step(plan, 1);
        // The actor sets its gauges after the store has the step: what it answers next comes after that.
        await harness.UntilAsync("job-1", j => j.Progress.Step == 1);
        a.Report(
            "job-1",
            r =>
                r.Log = new()
                {
                    JobId = "job-1",
                    Generation = plan.Generation,
                    WorkerId = "a",
                    Level = "info",
                    Text = "x",
                }
        );
        while ((await a.NextAsync<ReportsReceived>()).Sequence < 3) { }
        Assert.Contains("training_cluster_job_step{job_id=\"job-1\"} 1", await ExposedAsync(harness), StringComparison.Ordinal);

        await harness.Actor.Ask<CommandDone>(new JobCommand("job-1", new CancelRequested("")));

        Assert.DoesNotContain("job-1", await ExposedAsync(harness), StringComparison.Ordinal);
        Assert.Contains("training_cluster_job_steps_total 1", await ExposedAsync(harness), StringComparison.Ordinal);
    }

    private static async Task<string> ExposedAsync(ActorHarness harness)
    {
        using var stream = new MemoryStream();
        await harness.Registry.CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
