using TrainingCluster.Coordinator.Tests;
using TrainingCluster.Coordinator.Tests.Hosting;

namespace TrainingCluster.Kubernetes.Tests.EndToEnd;

/// <summary>The real coordinator and real workers carry out what is given to the API server.</summary>
public sealed class TrainingTests
{
    [Fact]
    public async Task TrainingJob_WithTextOfAConfigMap_IsTrainedToItsEndThoughAWorkerIsDrained()
    {
        await using var place = await TrainingPlace.StartAsync();
        var coordinator = await place.CoordinatorAsync("coordinator");
        await place.AddConfigMapAsync();
        await place.ApplyJobAsync("numbers", "configMap", steps: 60);
        await place.WaitAsync("numbers", "Queued");

        var first = await place.WorkerAsync("worker-0", coordinator);
        var second = await place.WorkerAsync("worker-1", coordinator);
        await place.WaitAsync("numbers", "Running");
        // A node is drained: its pod gets SIGTERM, hands over, and goes.
        Assert.Equal(0, await second.TerminateAsync());

        await place.WaitAsync("numbers", "Complete");
        var status = place.Status("numbers");
        Assert.Equal((60L, 100L), ((long)status["step"]!, (long)status["percent"]!));
        Assert.Matches("^[0-9a-f]{64}$", (string)status["weightsSha256"]!);
        Assert.Equal(TestDataset.Fingerprint, (string)status["datasetFingerprint"]!);
        Assert.Contains("Rendezvous", await place.Kubectl.RunAsync("describe", "tj", "numbers"), StringComparison.Ordinal);

        await place.Kubectl.RunAsync("delete", "tj", "numbers", "--timeout=60s");
        Assert.Empty(Directory.GetDirectories(Path.Combine(place.Folder("coordinator"), "jobs"), "numbers-*"));
        Assert.Equal(0, await first.TerminateAsync());
        Assert.Equal(0, await coordinator.TerminateAsync());
        Assert.Equal("", place.Leader);
    }

    [Theory]
    [InlineData("/nowhere/kubeconfig", "--kubeconfig /nowhere/kubeconfig cannot be used")]
    public async Task Coordinator_WithoutAnApiServerToTalkTo_SaysWhatHelps(string config, string expected)
    {
        using var folder = new TemporaryFolder();
        await using var program = ProgramProcess.Run(
            "Coordinator",
            "--data",
            folder.Path,
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            "--cluster-port",
            "0",
            "--kubernetes",
            "--kubeconfig",
            config
        );
        Assert.Equal(2, await program.ExitAsync());
        Assert.Contains(expected, program.Output, StringComparison.Ordinal);
    }
}
