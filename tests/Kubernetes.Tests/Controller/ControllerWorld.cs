using System.Text.Json.Nodes;
using k8s;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Kubernetes.Api;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Tests;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Kubernetes.Tests.ApiServer;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Controller;

/// <summary>
/// The controller with the real client, against the test's API server, over a real store. In place of the actors the test says what
/// becomes of jobs; commands are noted and carried out at once.
/// </summary>
internal sealed class ControllerWorld : IAsyncDisposable, IJobControl
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<(CancellationTokenSource End, Task Work, k8s.Kubernetes Client)> _running = [];
    private readonly DataFolder _data;
    private ServiceProvider _services = null!;

    private readonly TimeProvider _time;

    private ControllerWorld(TestApiServer api, TimeProvider time)
    {
        (Api, _time) = (api, time);
        _data = new DataFolder(_folder.Path);
        _data.Prepare();
    }

    public TestApiServer Api { get; }

    public JobStore Store { get; private set; } = null!;

    public List<string> Commands { get; } = [];

    /// <summary>What the queue was told of changed specifications.</summary>
    public List<(string JobId, int Priority, int MaxWorkers)> Edits { get; } = [];

    public QueueStatus Queue { get; set; } = new();

    /// <summary>Comes before each command to a job, and before each look at the queue.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = _ => Task.CompletedTask;

    public KubernetesOptions Options { get; private set; } =
        new()
        {
            LeaseDuration = TimeSpan.FromSeconds(3),
            RenewDeadline = TimeSpan.FromSeconds(2),
            RetryPeriod = TimeSpan.FromMilliseconds(200),
            ResyncInterval = TimeSpan.FromMilliseconds(100),
            StatusInterval = TimeSpan.FromMilliseconds(100),
            RetryLimit = TimeSpan.FromMilliseconds(500),
            ScaleInterval = TimeSpan.FromMilliseconds(100),
            IdleWorkers = TimeSpan.Zero,
            AdoptionTime = TimeSpan.Zero,
        };

    /// <summary>Starts the API server, and a controller.</summary>
    /// <param name="start">False: no controller.</param>
    /// <param name="time">By which the controller goes; null: the machine's.</param>
    /// <param name="options">Its times; null: short ones.</param>
    public static async Task<ControllerWorld> StartAsync(bool start = true, TimeProvider? time = null, KubernetesOptions? options = null)
    {
        var world = new ControllerWorld(await TestApiServer.StartAsync(TrainingJobDefinition.Create()), time ?? TimeProvider.System);
        world.Options = options ?? world.Options;
        world.Store = await JobStore.OpenAsync(world._data.Database, world._time);
        TestDataset.AddTo(world._data);
        world._services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(world._data)
            .AddSingleton(world.Store)
            .AddSingleton(new Quotas())
            .AddSingleton(world._time)
            .AddSingleton<IJobControl>(world)
            .AddCoordinatorGrpc()
            .BuildServiceProvider();
        if (start)
        {
            world.StartController("one");
        }
        return world;
    }

    /// <summary>Starts a controller of this name.</summary>
    /// <returns>Ends it; the lease is given back if it is told to.</returns>
    public Func<Task> StartController(string identity, Coordinator.Kubernetes.Decisions.WorkerBounds? workers = null)
    {
        var time = _time;
        var access = new KubernetesAccess
        {
            Home = "default",
            Identity = identity,
            Workers = workers,
            Volumes = Path.Combine(_folder.Path, "volumes"),
        };
        var client = new k8s.Kubernetes(new KubernetesClientConfiguration { Host = Api.Url });
        var api = new TrainingJobApi(client, time);
        var controller = new TrainingJobController(
            api,
            new TrainingJobWatch(client, access, Options, time, NullLogger<TrainingJobWatch>.Instance),
            ActivatorUtilities.CreateInstance<TextLibrary>(_services, api, access, Options),
            Store,
            ActivatorUtilities.CreateInstance<JobsService>(_services),
            Options,
            time,
            NullLogger<TrainingJobController>.Instance
        );
        var scaler = new WorkerScaler(api, this, access, Options, time, NullLogger<WorkerScaler>.Instance);
        var lease = new LeaseKeeper(client, access, Options, time, NullLogger<LeaseKeeper>.Instance);
        var service = new KubernetesService(lease, controller, scaler);
        _ = service.StartAsync(CancellationToken.None);
        var end = new CancellationTokenSource();
        _running.Add((end, service.ExecuteTask ?? Task.CompletedTask, client));
        end.Token.Register(() => _ = service.StopAsync(CancellationToken.None));
        return async () =>
        {
            await end.CancelAsync();
            await service.StopAsync(CancellationToken.None);
        };
    }

    /// <summary>Makes a TrainingJob, as kubectl create does.</summary>
    public async Task<JsonObject> CreateAsync(string name, Action<JsonObject>? change = null, string ns = "research")
    {
        var spec = new JsonObject { ["dataset"] = new JsonObject { ["fingerprint"] = TestDataset.Fingerprint } };
        change?.Invoke(spec);
        var item = new JsonObject
        {
            ["apiVersion"] = TrainingJobNames.ApiVersion,
            ["kind"] = TrainingJobNames.Kind,
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = spec,
        };
        return await SendAsync(HttpMethod.Post, $"{ns}/{TrainingJobNames.Plural}", item, "application/json");
    }

    /// <summary>Changes the specification, as kubectl patch does.</summary>
    public Task<JsonObject> PatchAsync(string name, JsonObject spec, string ns = "research") =>
        SendAsync(
            HttpMethod.Patch,
            $"{ns}/{TrainingJobNames.Plural}/{name}",
            new JsonObject { ["spec"] = spec },
            "application/merge-patch+json"
        );

    public Task<JsonObject> DeleteAsync(string name, string ns = "research") =>
        SendAsync(HttpMethod.Delete, $"{ns}/{TrainingJobNames.Plural}/{name}", [], "application/json");

    /// <summary>The object now; null: there is none.</summary>
    public JsonObject? Item(string name, string ns = "research") => Api.Find(TrainingJobNames.Plural, ns, name);

    /// <summary>Waits until an object is as it is wanted.</summary>
    public async Task<JsonObject> UntilAsync(string name, Func<JsonObject, bool> wanted, string ns = "research")
    {
        await ProgramProcess.UntilAsync(
            () => Item(name, ns) is { } item && wanted(item),
            () => Item(name, ns)?.ToJsonString() ?? "there is no such object"
        );
        return Item(name, ns)!;
    }

    public Task UntilAsync(Func<bool> wanted) =>
        ProgramProcess.UntilAsync(wanted, () => string.Join('\n', Commands.Concat(Api.Calls.TakeLast(20))));

    public static string State(JsonObject item) => (string?)item["status"]?["state"] ?? "";

    /// <summary>The job of an object that has one.</summary>
    public async Task<StoredJob> JobAsync(string name, string ns = "research")
    {
        var item = await UntilAsync(name, item => (string?)item["status"]?["jobId"] is not null, ns);
        return (await Store.GetAsync((string)item["status"]!["jobId"]!))!;
    }

    /// <summary>Says what has become of a job, as its actor would.</summary>
    public async Task SaveAsync(string jobId, Func<JobRecord, JobRecord> change, JobProgress? progress = null, params JobEvent[] events)
    {
        var job = (await Store.GetAsync(jobId))!;
        await Store.SaveAsync(jobId, change(job.Record), progress ?? job.Progress, events);
    }

    /// <summary>Events that Kubernetes was told of an object: "Warning Failed: …".</summary>
    public IReadOnlyList<string> Announced(string name) =>
        [
            .. Api
                .Store.List(Api.Type("events"), "")
                .Items.Where(e => (string?)e["involvedObject"]?["name"] == name)
                .Select(e => $"{e["type"]} {e["reason"]}: {e["message"]}"),
        ];

    void IJobControl.JobCreated(StoredJob job) => Note($"created {job.Id}");

    Task IJobControl.EditedAsync(StoredJob job, CancellationToken cancellationToken)
    {
        lock (Edits)
        {
            Edits.Add((job.Id, job.Spec.Priority, job.Spec.Workers.Max));
        }
        return Task.CompletedTask;
    }

    Task IJobControl.CancelAsync(string jobId, string reason, CancellationToken cancellationToken) =>
        CommandAsync($"cancel {jobId}", jobId, JobPhase.Cancelled, $"cancelled: {reason}", cancellationToken);

    Task IJobControl.SuspendAsync(string jobId, CancellationToken cancellationToken) =>
        CommandAsync($"suspend {jobId}", jobId, JobPhase.Suspended, "suspended by request", cancellationToken);

    Task IJobControl.ResumeAsync(string jobId, CancellationToken cancellationToken) =>
        CommandAsync($"resume {jobId}", jobId, JobPhase.Waiting, "resumed; waits for workers", cancellationToken);

    void IJobControl.CheckpointsChanged(string jobId) { }

    async Task<QueueStatus> IJobControl.QueueAsync(string name, CancellationToken cancellationToken)
    {
        await Before(cancellationToken);
        return Queue.Clone();
    }

    Task<ClusterStatus> IJobControl.ClusterAsync(CancellationToken cancellationToken) => Task.FromResult(new ClusterStatus());

    public async ValueTask DisposeAsync()
    {
        foreach (var (end, work, client) in _running)
        {
            await end.CancelAsync();
            await work;
            client.Dispose();
            end.Dispose();
        }
        await Api.DisposeAsync();
        await _services.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    private async Task CommandAsync(string command, string jobId, JobPhase phase, string reason, CancellationToken cancellationToken)
    {
        await Before(cancellationToken);
        Note(command);
        var ended = phase.HasEnded();
        await SaveAsync(
            jobId,
            record => record with { Phase = phase, Reason = reason, Ended = ended ? _time.GetUtcNow() : null },
            null,
            new JobEvent
            {
                State = new() { State = phase.ToJobState(), Reason = reason },
            }
        );
    }

    private void Note(string command)
    {
        lock (Commands)
        {
            Commands.Add(command);
        }
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject body, string type)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(
            method,
            $"{Api.Url}/apis/{TrainingJobNames.ApiVersion}/namespaces/{path}?fieldValidation=Strict"
        )
        {
            Content = new StringContent(body.ToJsonString(), null, type),
        };
        var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();
    }
}
