using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>The real services behind a real Kestrel on a free port; only the actors are replaced.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    /// <summary>The token of generation 1 of every job that <see cref="AddAsync"/> adds.</summary>
    public const string GroupSecret = "secret";

    private readonly TemporaryFolder _folder;
    private readonly WebApplication _app;

    private TestServer(TemporaryFolder folder, WebApplication app, JobStore store, RecordingControl control, GrpcChannel channel)
    {
        (this._folder, this._app, Store, Control, Channel) = (folder, app, store, control, channel);
        Data = new DataFolder(folder.Path);
        Jobs = new(channel);
        Datasets = new(channel);
        Checkpoints = new(channel);
    }

    public string Address => _app.Urls.Single();
    public JobStore Store { get; }
    public RecordingControl Control { get; }
    public GrpcChannel Channel { get; }
    public DataFolder Data { get; }
    public DatasetCatalog Catalog => _app.Services.GetRequiredService<DatasetCatalog>();
    public V1.Jobs.JobsClient Jobs { get; }
    public V1.Datasets.DatasetsClient Datasets { get; }
    public V1.Checkpoints.CheckpointsClient Checkpoints { get; }

    /// <param name="filling">Fills the store before it is opened.</param>
    /// <param name="quotas">Null: none.</param>
    /// <param name="queue">Null: neither quotas of workers nor limits.</param>
    /// <param name="access">Null: nobody is asked who it is.</param>
    public static async Task<TestServer> StartAsync(
        Func<string, Task>? filling = null,
        Quotas? quotas = null,
        QueueOptions? queue = null,
        AccessOptions? access = null
    )
    {
        var folder = new TemporaryFolder();
        var data = new DataFolder(folder.Path);
        data.Prepare();
        await (filling?.Invoke(data.Database) ?? Task.CompletedTask);
        var store = await JobStore.OpenAsync(data.Database, TimeProvider.System);
        var control = new RecordingControl(store);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder
            .Services.AddSingleton(data)
            .AddSingleton(store)
            .AddSingleton<IJobControl>(control)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(quotas ?? new())
            .AddSingleton(Options.Create(queue ?? new()))
            .AddSingleton(new AccessControl(access ?? new(), TimeProvider.System, NullLogger<AccessControl>.Instance))
            .AddCoordinatorGrpc();
        var app = builder.Build();
        app.MapCoordinatorGrpc();
        await app.StartAsync();
        return new(folder, app, store, control, GrpcChannel.ForAddress(app.Urls.Single()));
    }

    public async Task<StoredJob> AddAsync(JobPhase phase, string reason = "", string id = "job-1")
    {
        var start = JobMachine.Create(id, TrainingCluster.Jobs.JobSpecDefaults.Fill(new JobSpec()), TimeProvider.System.GetUtcNow());
        var (_, job) = await Store.CreateAsync(
            new(0, id, "", start.Spec, TimeProvider.System.GetUtcNow(), start.Record, new()),
            start.Spec
        );
        var record = start.Record with { Phase = phase, Reason = reason };
        var plan = new StartGeneration
        {
            JobId = id,
            Generation = 1,
            GroupToken = GroupSecret,
        };
        await Store.SaveAsync(
            id,
            record,
            new() { TotalStepCount = 1000 },
            [],
            [new LedgerEntry(plan, 0, TimeProvider.System.GetUtcNow(), 0)]
        );
        return job with { Record = record };
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Does to the store what the actors would do, and remembers what it was asked.</summary>
internal sealed class RecordingControl(JobStore store) : IJobControl
{
    public List<string> Created { get; } = [];
    public List<StoredJob> Edited { get; } = [];
    public List<string> CheckpointsOf { get; } = [];

    public void JobCreated(StoredJob job) => Created.Add(job.Id);

    public Task EditedAsync(StoredJob job, CancellationToken cancellationToken)
    {
        Edited.Add(job);
        return Task.CompletedTask;
    }

    public Task CancelAsync(string jobId, string reason, CancellationToken cancellationToken) =>
        MoveAsync(jobId, JobPhase.Cancelled, reason);

    public Task SuspendAsync(string jobId, CancellationToken cancellationToken) => MoveAsync(jobId, JobPhase.Suspended, "suspended");

    public Task ResumeAsync(string jobId, CancellationToken cancellationToken) => MoveAsync(jobId, JobPhase.Waiting, "resumed");

    public void CheckpointsChanged(string jobId) => CheckpointsOf.Add(jobId);

    public ClusterStatus Cluster { get; set; } = new() { Version = "test" };

    public QueueStatus? Queue { get; set; }

    public Task<ClusterStatus> ClusterAsync(CancellationToken cancellationToken) => Task.FromResult(Cluster.Clone());

    public Task<QueueStatus> QueueAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(Queue?.Clone() ?? new QueueStatus { Namespaces = { new QueueNamespace { Name = name } } });

    private async Task MoveAsync(string jobId, JobPhase phase, string reason)
    {
        var job = (await store.GetAsync(jobId))!;
        await store.SaveAsync(
            jobId,
            job.Record with
            {
                Phase = phase,
                Reason = reason,
            },
            job.Progress,
            [
                new JobEvent
                {
                    State = new StateChanged { State = phase.ToJobState(), Reason = reason },
                },
            ]
        );
    }
}
