using Grpc.Core;
using Grpc.Net.Client;

namespace TrainingCluster.Kubernetes.Tests.EndToEnd;

/// <summary>Real coordinators and workers that are killed: what becomes of their objects.</summary>
public sealed class DeadNodeTests
{
    /// <summary>
    /// A node dies with the coordinator that leads and the worker of its job on it: SIGKILL. The standby, a process with its own store,
    /// takes the lease when the term is over, lets an object go whose worker and whose job are dead, and trains the next one.
    /// </summary>
    [Fact]
    public async Task Node_DiesWithLeaderAndWorker_TheStandbyTakesOverAndDeletesWhatTheyHeld()
    {
        await using var place = await TrainingPlace.StartAsync();
        await place.AddConfigMapAsync();
        var leader = await place.CoordinatorAsync("leader");
        await place.UntilAsync(() => place.Leader.Length > 0);
        var holder = place.Leader;
        var standby = await place.CoordinatorAsync("standby");
        var worker = await place.WorkerAsync("worker-0", leader);
        await place.ApplyJobAsync("held", "configMap", steps: 100_000);
        await place.UntilAsync(() => place.Step("held") > 0);
        Assert.DoesNotContain(" leads: it carries", standby.Output, StringComparison.Ordinal);

        await worker.DisposeAsync();
        await leader.DisposeAsync();
        await place.Kubectl.RunAsync("delete", "tj", "held", "--timeout=120s");
        Assert.NotEqual(holder, place.Leader);
        Assert.Contains($"{holder} has not renewed the lease", standby.Output, StringComparison.Ordinal);

        await place.WorkerAsync("worker-1", standby);
        await place.ApplyJobAsync("next", "configMap", steps: 30);
        await place.WaitAsync("next", "Complete");
    }

    /// <summary>The worker alone dies, and its object is deleted before anybody has noticed: it goes all the same.</summary>
    [Fact]
    public async Task TrainingJob_DeletedWhenItsOnlyWorkerWasKilled_GoesWithItsJob()
    {
        await using var place = await TrainingPlace.StartAsync();
        await place.AddConfigMapAsync();
        var coordinator = await place.CoordinatorAsync("coordinator");
        var worker = await place.WorkerAsync("worker-0", coordinator);
        await place.ApplyJobAsync("orphan", "configMap", steps: 100_000);
        await place.UntilAsync(() => place.Step("orphan") > 0);
        var id = (string)place.Status("orphan")["jobId"]!;
        await worker.DisposeAsync();
        await place.Kubectl.RunAsync("delete", "tj", "orphan", "--timeout=120s");
        using var channel = GrpcChannel.ForAddress(coordinator.Ready.Grpc);
        var gone = Assert.Throws<RpcException>(() => new V1.Jobs.JobsClient(channel).GetJob(new() { Id = id }));
        Assert.Equal(StatusCode.NotFound, gone.StatusCode);
    }
}
