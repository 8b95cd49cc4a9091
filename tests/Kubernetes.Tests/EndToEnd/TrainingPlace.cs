using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Kubernetes.Tests.ApiServer;

namespace TrainingCluster.Kubernetes.Tests.EndToEnd;

/// <summary>An API server, kubectl, and programs of ours in processes of their own, with short times.</summary>
internal sealed class TrainingPlace : IAsyncDisposable
{
    /// <summary>How long a leader may be silent here.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();
    private readonly List<ProgramProcess> _programs = [];

    private TrainingPlace(TestApiServer api)
    {
        Api = api;
        Kubectl = new(api.Url);
    }

    public TestApiServer Api { get; }

    public Kubectl.Kubectl Kubectl { get; }

    public static async Task<TrainingPlace> StartAsync() => new(await TestApiServer.StartAsync(TrainingJobDefinition.Create()));

    /// <summary>A folder of this test.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName;

    /// <summary>Starts a coordinator with the store of this name.</summary>
    public async Task<ProgramProcess> CoordinatorAsync(string name)
    {
        var coordinator = await ProgramProcess.StartAsync(
            "Coordinator",
            Fresh(name),
            [
                "--kubernetes",
                "--kubeconfig",
                Kubectl.Config,
                "--kubernetes-volumes",
                Folder("volumes"),
                .. Set("ResyncInterval=100 ms"),
                .. Set("StatusInterval=100 ms"),
                .. Set("RetryLimit=500 ms"),
                .. Set("RetryPeriod=200 ms"),
                .. Set("RenewDeadline=4 s"),
                .. Set($"LeaseDuration={LeaseDuration.TotalSeconds:0} s"),
                .. Set("AdoptionTime=1 s"),
            ]
        );
        _programs.Add(coordinator);
        return coordinator;

        static string[] Set(string text) => ["--set", $"Kubernetes:{text}"];
    }

    /// <summary>Starts a worker; a folder of another name is a pod that was made anew.</summary>
    public async Task<ProgramProcess> WorkerAsync(string name, ProgramProcess coordinator, string folder = "")
    {
        var worker = await ProgramProcess.StartAsync(
            "Worker",
            Fresh(folder.Length > 0 ? folder : name),
            "--name",
            name,
            "--coordinator",
            coordinator.Ready.Cluster
        );
        _programs.Add(worker);
        return worker;
    }

    /// <summary>Makes the ConfigMap pairs with kubectl.</summary>
    public async Task AddConfigMapAsync()
    {
        var (source, target) = (Kubectl.At("a.src"), Kubectl.At("a.tgt"));
        await WriteTextAsync(source, target);
        var map = await Kubectl.RunAsync([
            "create",
            "configmap",
            "pairs",
            $"--from-file={source}",
            $"--from-file={target}",
            "--dry-run=client",
            "-o",
            "yaml",
        ]);
        await ApplyAsync(map);
    }

    /// <summary>The text of the tests: 200 pairs of numbers.</summary>
    public static async Task WriteTextAsync(string source, string target)
    {
        var token = TestContext.Current.CancellationToken;
        await File.WriteAllLinesAsync(source, Enumerable.Range(0, 200).Select(i => $"the number {i} of {i % 7}"), token);
        await File.WriteAllLinesAsync(target, Enumerable.Range(0, 200).Select(i => $"die Zahl {i} von {i % 7}"), token);
    }

    /// <summary>Applies a small job.</summary>
    public Task ApplyJobAsync(string name, string place, int steps, bool suspend = false) =>
        ApplyAsync(
            $"""
            apiVersion: training.cluster/v1alpha1
            kind: TrainingJob
            metadata:
              name: {name}
            spec:
              suspend: {(suspend ? "true" : "false")}
              dataset:
                {place}:
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
                steps: {steps}
                logicalShards: 2
                batchTokens: 256
              evaluation:
                everySteps: -1
              workers:
                min: 1
            """
        );

    /// <summary>kubectl apply --server-side.</summary>
    public async Task ApplyAsync(string yaml)
    {
        var file = Kubectl.At($"{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, yaml, TestContext.Current.CancellationToken);
        await Kubectl.RunAsync("apply", "--server-side", "-f", file);
    }

    /// <summary>kubectl wait.</summary>
    public Task WaitAsync(string name, string condition) =>
        Kubectl.RunAsync("wait", $"--for=condition={condition}", $"tj/{name}", "--timeout=180s");

    public Task SuspendAsync(string name, bool suspend) =>
        Kubectl.RunAsync(
            "patch",
            "tj",
            name,
            "--type=merge",
            "-p",
            suspend ? """{"spec":{"suspend":true}}""" : """{"spec":{"suspend":false}}"""
        );

    public JsonNode Status(string name) => Api.Find(TrainingJobNames.Plural, "research", name)?["status"] ?? new JsonObject();

    /// <summary>Who has the lease; empty: nobody.</summary>
    public string Leader => (string?)Api.Find("leases", "default", "training-cluster-coordinator")?["spec"]?["holderIdentity"] ?? "";

    public long Step(string name) => (long?)Status(name)["step"] ?? 0;

    /// <summary>Waits for something of an object.</summary>
    public Task UntilAsync(Func<bool> happened) =>
        ProgramProcess.UntilAsync(happened, () => string.Join("\n----\n", _programs.Select(program => program.Output)));

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }
        Kubectl.Dispose();
        await Api.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A program that was started there before has left its ready file behind.</summary>
    private string Fresh(string name)
    {
        var folder = Folder(name);
        File.Delete(Path.Combine(folder, "ready.json"));
        return folder;
    }
}
