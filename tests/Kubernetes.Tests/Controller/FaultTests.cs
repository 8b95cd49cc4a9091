using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Kubernetes.Tests.ApiServer;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Controller;

/// <summary>What goes wrong between controller and API server: each test proves that it did, and that nothing came of it.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task Watch_BrokenOff_IsTakenUpFromWhereItWas()
    {
        await using var world = await ControllerWorld.StartAsync();
        await world.CreateAsync("one");
        await world.JobAsync("one");
        var lists = Lists(world);
        world.Api.DropWatches();
        await world.CreateAsync("two");
        await world.JobAsync("two");
        Assert.Equal(lists, Lists(world));
        Assert.True(world.Api.Watches > 1);
    }

    [Fact]
    public async Task Stopped_WhileCallsFail_EndsInOrder()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        AddWorkers(world, replicas: 1);
        var waiting = 0;
        world.Before = async ended =>
        {
            Interlocked.Increment(ref waiting);
            await Task.Delay(Timeout.Infinite, ended).ContinueWith(_ => { }, TaskScheduler.Default);
            throw new Akka.Actor.AskTimeoutException("the actor does not answer");
        };
        await world.CreateAsync("one");
        world.StartController("one", new WorkerBounds("worker", 0, 6));
        await world.JobAsync("one");
        await world.PatchAsync("one", new JsonObject { ["suspend"] = true });
        await world.UntilAsync(() => Volatile.Read(ref waiting) == 2);
        // Here the world ends the controller, which throws where it fails.
    }

    [Fact]
    public async Task Watch_FromAVersionThatIsTooOld_ListsAnewAndSeesWhatWasMissed()
    {
        await using var world = await ControllerWorld.StartAsync();
        await world.CreateAsync("one");
        await world.CreateAsync("dead");
        await world.JobAsync("one");
        await world.JobAsync("dead");
        world.Api.IsAway = true;
        world.Api.DropWatches();
        world.Api.Store.Update(
            world.Api.Type(TrainingJobNames.Plural),
            ("research", "one"),
            present =>
            {
                var next = present.DeepClone().AsObject();
                next["spec"]!["suspend"] = true;
                return next;
            }
        );
        world.Api.Store.Compact();
        world.Api.IsAway = false;
        await world.UntilAsync("one", item => ControllerWorld.State(item) == "Suspended");
        Assert.True(world.Api.Expired > 0);
    }

    [Fact]
    public async Task ApiServer_AwayForLongerThanATerm_FindsEverythingAsItShouldBeAfterwards()
    {
        await using var world = await ControllerWorld.StartAsync();
        await world.CreateAsync("long");
        var job = await world.JobAsync("long");
        world.Api.IsAway = true;
        world.Api.DropWatches();
        // The job goes on meanwhile, and ends.
        await world.SaveAsync(
            job.Id,
            record =>
                record with
                {
                    Phase = JobPhase.Succeeded,
                    Reason = "done",
                    Ended = TimeProvider.System.GetUtcNow(),
                    WeightsSha256 = "w",
                },
            null,
            new JobEvent
            {
                State = new() { State = JobState.Succeeded, Reason = "done" },
            }
        );
        var calls = world.Api.Calls.Count;
        await Task.Delay(world.Options.LeaseDuration * 1.2, TestContext.Current.CancellationToken);
        Assert.True(world.Api.Calls.Count > calls);
        world.Api.IsAway = false;
        var item = await world.UntilAsync("long", item => ControllerWorld.State(item) == "Complete");
        Assert.Equal("w", (string?)item["status"]!["weightsSha256"]);
        Assert.Single(world.Commands);
        Assert.Single(world.Announced("long"), text => text == "Normal Complete: done");
    }

    [Fact]
    public async Task Writes_ThatAllMeetAConflict_AreTriedAgainUntilTheyDoNot()
    {
        await using var world = await ControllerWorld.StartAsync();
        var conflicts = 0;
        world.Api.Fault = (method, path) =>
            method is "PATCH"
            && path.Contains(TrainingJobNames.Plural, StringComparison.Ordinal)
            && Interlocked.Increment(ref conflicts) <= 6
                ? ApiProblem.Conflict("it")
                : null;
        await world.CreateAsync("busy");
        await world.UntilAsync("busy", item => ControllerWorld.State(item) == "Queued");
        Assert.True(conflicts > 6);
        Assert.Single(world.Commands);
    }

    [Fact]
    public async Task Leader_ThatCannotRenewItsLease_StopsBeforeTheOtherTakesOver()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        world.StartController("first");
        await world.CreateAsync("one");
        await world.JobAsync("one");
        var blocked = true;
        // The lease cannot be written by the first, and can by the second: told apart by the object's holder.
        world.Api.Fault = (method, path) =>
            blocked && path.Contains("/leases", StringComparison.Ordinal) && method == "PUT"
                ? new ApiProblem(503, "ServiceUnavailable", "no")
                : null;
        await world.UntilAsync(() => world.Api.Calls.Count(call => call.StartsWith("PUT", StringComparison.Ordinal)) > 3);
        await Task.Delay(world.Options.RenewDeadline * 1.5, TestContext.Current.CancellationToken);
        await world.CreateAsync("two");
        await Task.Delay(world.Options.ResyncInterval * 5, TestContext.Current.CancellationToken);
        // Nobody leads: nothing is done.
        Assert.Null(world.Item("two")!["metadata"]!["finalizers"]);
        world.StartController("second");
        blocked = false;
        await world.JobAsync("two");
        Assert.Equal(2, world.Commands.Count);
    }

    [Fact]
    public async Task Controllers_TwoAtOnce_MakeOneJobOfEachObjectAndTheStandbyTakesOver()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        var end = world.StartController("first");
        await world.UntilAsync(() => Holder(world) == "first");
        world.StartController("second");
        for (var i = 0; i < 5; i++)
        {
            await world.CreateAsync($"job-{i}");
        }
        for (var i = 0; i < 5; i++)
        {
            await world.JobAsync($"job-{i}");
        }
        Assert.Equal(5, world.Commands.Count);
        await end();
        await world.UntilAsync(() => Holder(world) == "second");
        await world.CreateAsync("later");
        await world.JobAsync("later");
        Assert.Equal(6, world.Commands.Count);
    }

    [Fact]
    public async Task Controller_StartedAnew_MakesNoSecondJobAndTellsNothingTwice()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        var end = world.StartController("first");
        await world.CreateAsync("one");
        var job = await world.JobAsync("one");
        await world.UntilAsync("one", item => item["status"]?["eventToken"] is not null);
        var told = world.Announced("one");
        await end();
        world.StartController("second");
        await world.PatchAsync("one", new JsonObject { ["suspend"] = true });
        await world.UntilAsync("one", item => ControllerWorld.State(item) == "Suspended");
        Assert.Equal([$"created {job.Id}", $"suspend {job.Id}"], world.Commands);
        var later = world.Announced("one");
        Assert.NotEmpty(told);
        Assert.All(told, text => Assert.Single(later, other => other == text));
    }

    [Fact]
    public async Task Workers_WithAQueue_AreScaledUpAndDownAgain()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        AddWorkers(world, replicas: 0);
        world.Queue = new QueueStatus
        {
            Jobs =
            {
                new QueuedJob { Namespace = "a", MaxWorkerCount = 3 },
                new QueuedJob { Namespace = "b", MaxWorkerCount = 8 },
            },
        };
        world.StartController("one", new WorkerBounds("worker", 0, 6));
        await world.UntilAsync(() => Replicas(world) == 6);
        world.Queue = new QueueStatus
        {
            Jobs =
            {
                new QueuedJob { Namespace = "a", MaxWorkerCount = 3 },
            },
        };
        await world.UntilAsync(() => Replicas(world) == 3);
        world.Queue = new QueueStatus();
        await world.UntilAsync(() => Replicas(world) == 0);
    }

    private static void AddWorkers(ControllerWorld world, int replicas) =>
        world.Api.Store.Add(
            world.Api.Type("statefulsets"),
            new JsonObject
            {
                ["apiVersion"] = "apps/v1",
                ["kind"] = "StatefulSet",
                ["metadata"] = new JsonObject { ["name"] = "worker", ["namespace"] = "default" },
                ["spec"] = new JsonObject { ["replicas"] = replicas },
            },
            TimeProvider.System.GetUtcNow()
        );

    private static int Replicas(ControllerWorld world) => (int)world.Api.Find("statefulsets", "default", "worker")!["spec"]!["replicas"]!;

    private static string? Holder(ControllerWorld world) =>
        (string?)world.Api.Find("leases", "default", "training-cluster-coordinator")?["spec"]?["holderIdentity"];

    private static int Lists(ControllerWorld world) => world.Api.Lists;
}
