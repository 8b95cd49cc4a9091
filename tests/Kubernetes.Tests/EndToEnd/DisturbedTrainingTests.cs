using Grpc.Net.Client;
using TrainingCluster.Coordinator.Tests;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.EndToEnd;

/// <summary>Real coordinators and workers, and what Kubernetes may do to their jobs.</summary>
public sealed class DisturbedTrainingTests
{
    private const int Steps = 600;

    /// <summary>
    /// 1. An object that waits as Kueue has it wait, with the files of a volume as Kubernetes mounts them; 2. admitted, and told to stop
    /// in the middle; 3. admitted again, and finished while the API server is away; 4. the same job, of a ConfigMap, with its node drained
    /// in the middle: coordinator and workers get SIGTERM at once, and come back with nothing but the coordinator's volume. Both have the
    /// same weights.
    /// </summary>
    [Fact]
    public async Task TrainingJobs_OfTheSameText_SuspendedOrDrained_GiveTheSameWeightsWithoutALostStep()
    {
        await using var place = await TrainingPlace.StartAsync();
        await MountAsync(place);
        var coordinator = await place.CoordinatorAsync("coordinator");
        var workers = new[] { await place.WorkerAsync("worker-0", coordinator), await place.WorkerAsync("worker-1", coordinator) };

        // 1.
        await place.ApplyJobAsync("volume", "volume", Steps, suspend: true);
        await place.WaitAsync("volume", "Suspended");
        Assert.Equal((0, 0L), (place.Step("volume"), (long)place.Status("volume")["workers"]!));
        // 2.
        await place.SuspendAsync("volume", false);
        await place.UntilAsync(() => place.Step("volume") > 10);
        await place.SuspendAsync("volume", true);
        await place.UntilAsync(() => (string?)place.Status("volume")["state"] == "Suspended");
        var stopped = place.Step("volume");
        Assert.InRange(stopped, 10, Steps - 1);
        Assert.Equal(0L, (long)place.Status("volume")["workers"]!);
        // 3.
        await place.SuspendAsync("volume", false);
        await place.UntilAsync(() => place.Step("volume") > stopped);
        place.Api.IsAway = true;
        place.Api.DropWatches();
        using (var channel = GrpcChannel.ForAddress(coordinator.Ready.Grpc))
        {
            var jobs = new V1.Jobs.JobsClient(channel);
            var id = (string)place.Status("volume")["jobId"]!;
            await place.UntilAsync(() =>
                jobs.GetJob(new() { Id = id }).State == JobState.Succeeded
                && coordinator.Output.Contains("the lease could not be renewed", StringComparison.Ordinal)
            );
        }
        Assert.NotEqual("Complete", (string)place.Status("volume")["state"]!);
        place.Api.IsAway = false;
        await place.WaitAsync("volume", "Complete");

        // 4.
        await place.AddConfigMapAsync();
        await place.ApplyJobAsync("map", "configMap", Steps);
        await place.UntilAsync(() => place.Step("map") > 10);
        var ends = await Task.WhenAll(workers.Append(coordinator).Select(program => program.TerminateAsync()));
        Assert.Equal([0, 0, 0], ends);
        var drained = place.Step("map");
        Assert.InRange(drained, 10, Steps - 1);
        Assert.Equal("", place.Leader);
        coordinator = await place.CoordinatorAsync("coordinator");
        // Right after the start, before there is a worker: where it was, and whole.
        await place.UntilAsync(() => place.Leader.Length > 0 && (string?)place.Status("map")["state"] == "Queued");
        Assert.True(place.Step("map") >= drained, $"{place.Step("map")} after the restart, {drained} before");
        await place.WorkerAsync("worker-0", coordinator, "worker-0-anew");
        await place.WorkerAsync("worker-1", coordinator, "worker-1-anew");
        await place.WaitAsync("map", "Complete");

        var (first, second) = (place.Status("volume"), place.Status("map"));
        Assert.Equal(TestDataset.Fingerprint, (string)first["datasetFingerprint"]!);
        Assert.Equal((0L, 0L), ((long)first["stepsLost"]!, (long)second["stepsLost"]!));
        Assert.Matches("^[0-9a-f]{64}$", (string)first["weightsSha256"]!);
        Assert.Equal((string)first["weightsSha256"]!, (string)second["weightsSha256"]!);
    }

    /// <summary>As the kubelet mounts a ConfigMap or a projected volume: names are links to the files of the newest version.</summary>
    private static async Task MountAsync(TrainingPlace place)
    {
        var volume = Directory.CreateDirectory(Path.Combine(place.Folder("volumes"), "pairs")).FullName;
        var version = Directory.CreateDirectory(Path.Combine(volume, "..2026_01_01")).FullName;
        await TrainingPlace.WriteTextAsync(Path.Combine(version, "a.src"), Path.Combine(version, "a.tgt"));
        File.CreateSymbolicLink(Path.Combine(volume, "..data"), "..2026_01_01");
        File.CreateSymbolicLink(Path.Combine(volume, "a.src"), Path.Combine("..data", "a.src"));
        File.CreateSymbolicLink(Path.Combine(volume, "a.tgt"), Path.Combine("..data", "a.tgt"));
    }
}
