using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Tests;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Kubernetes.Tests.ApiServer;

namespace TrainingCluster.Kubernetes.Tests.EndToEnd;

/// <summary>The real coordinator and real workers carry out what is given to the API server.</summary>
public sealed class TrainingTests
{
    [Fact]
    public async Task TrainingJob_WithTextOfAConfigMap_IsTrainedToItsEndThoughAWorkerIsDrained()
    {
        await using var api = await TestApiServer.StartAsync(TrainingJobDefinition.Create());
        using var kubectl = new Kubectl.Kubectl(api.Url);
        using var folders = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync(
            "Coordinator",
            Folder(folders, "coordinator"),
            "--kubernetes",
            "--kubeconfig",
            kubectl.Config,
            "--set",
            "Kubernetes:ResyncInterval=100 ms",
            "--set",
            "Kubernetes:StatusInterval=100 ms"
        );
        var (source, target) = (kubectl.At("a.src"), kubectl.At("a.tgt"));
        await File.WriteAllLinesAsync(
            source,
            Enumerable.Range(0, 200).Select(i => $"the number {i} of {i % 7}"),
            TestContext.Current.CancellationToken
        );
        await File.WriteAllLinesAsync(
            target,
            Enumerable.Range(0, 200).Select(i => $"die Zahl {i} von {i % 7}"),
            TestContext.Current.CancellationToken
        );
        var map = await kubectl.RunAsync(
            "create",
            "configmap",
            "pairs",
            $"--from-file={source}",
            $"--from-file={target}",
            "--dry-run=client",
            "-o",
            "yaml"
        );
        await File.WriteAllTextAsync(kubectl.At("pairs.yaml"), map, TestContext.Current.CancellationToken);
        await kubectl.RunAsync("apply", "--server-side", "-f", kubectl.At("pairs.yaml"));
        await File.WriteAllTextAsync(
            kubectl.At("job.yaml"),
            """
            apiVersion: training.cluster/v1alpha1
            kind: TrainingJob
            metadata:
              name: numbers
            spec:
              dataset:
                configMap:
                  name: pairs
                source: a.src
                target: a.tgt
                vocabularySize: 300
              model:
                dModel: 16
                heads: 2
                layers: 1
                feedForward: 32
              training:
                steps: 60
                logicalShards: 2
                batchTokens: 256
              evaluation:
                everySteps: -1
              workers:
                min: 1
            """,
            TestContext.Current.CancellationToken
        );
        await kubectl.RunAsync("apply", "--server-side", "-f", kubectl.At("job.yaml"));
        await kubectl.RunAsync("wait", "--for=condition=Queued", "tj/numbers", "--timeout=120s");

        await using var first = await WorkerAsync(folders, "worker-0", coordinator);
        await using var second = await WorkerAsync(folders, "worker-1", coordinator);
        await kubectl.RunAsync("wait", "--for=condition=Running", "tj/numbers", "--timeout=180s");
        // A node is drained: its pod gets SIGTERM, hands over, and goes.
        Assert.Equal(0, await second.TerminateAsync());

        await kubectl.RunAsync("wait", "--for=condition=Complete", "tj/numbers", "--timeout=180s");
        var status = api.Find(TrainingJobNames.Plural, "research", "numbers")!["status"]!;
        Assert.Equal((60L, 100L), ((long)status["step"]!, (long)status["percent"]!));
        Assert.Matches("^[0-9a-f]{64}$", (string)status["weightsSha256"]!);
        Assert.Equal(TestDataset.Fingerprint, (string)status["datasetFingerprint"]!);
        Assert.Contains("Rendezvous", await kubectl.RunAsync("describe", "tj", "numbers"), StringComparison.Ordinal);

        await kubectl.RunAsync("delete", "tj", "numbers", "--timeout=60s");
        Assert.Empty(Directory.GetDirectories(Path.Combine(folders.Path, "coordinator", "jobs"), "numbers-*"));
        Assert.Equal(0, await first.TerminateAsync());
        Assert.Equal(0, await coordinator.TerminateAsync());
        Assert.Equal("", (string)api.Find("leases", "default", "training-cluster-coordinator")!["spec"]!["holderIdentity"]!);
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

    private static Task<ProgramProcess> WorkerAsync(TemporaryFolder folders, string name, ProgramProcess coordinator) =>
        ProgramProcess.StartAsync("Worker", Folder(folders, name), "--name", name, "--coordinator", coordinator.Ready.Cluster);

    private static string Folder(TemporaryFolder folders, string name) =>
        Directory.CreateDirectory(Path.Combine(folders.Path, name)).FullName;
}
