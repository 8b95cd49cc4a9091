using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests;

/// <summary>A coordinator as clients see it, on a real port, that answers what the test tells it to.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCoordinator(WebApplication app, Script script) => (_app, Answers) = (app, script);

    public Script Answers { get; }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<FakeCoordinator> StartAsync(Script script)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2)
        );
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(script);
        var app = builder.Build();
        app.MapGrpcService<JobsService>();
        app.MapGrpcService<DatasetsService>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new FakeCoordinator(app, script);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(TestContext.Current.CancellationToken);
        await _app.DisposeAsync();
    }

    /// <summary>What to answer; what is not set is not implemented.</summary>
    public sealed class Script
    {
        public Func<CreateJobRequest, Job>? Create { get; init; }

        public Func<GetJobRequest, Job>? Get { get; init; }

        public Func<ListJobsRequest, ListJobsResponse>? List { get; init; }

        public Func<GetLedgerRequest, JobLedger>? Ledger { get; init; }

        public Func<GetQueueRequest, QueueStatus>? Queue { get; init; }

        public Func<WatchJobRequest, IServerStreamWriter<JobEvent>, ServerCallContext, Task>? Watch { get; init; }

        public IReadOnlyList<FileChunk> Artifacts { get; init; } = [];

        /// <summary>If set, an upload ends with it after its first chunk.</summary>
        public Status? UploadRefusal { get; init; }

        public Func<ListDatasetsRequest, ListDatasetsResponse>? ListDatasets { get; init; }

        public Func<DeleteDatasetRequest, DeleteDatasetResponse>? DeleteDataset { get; init; }

        public Func<PruneDatasetsRequest, PruneDatasetsResponse>? PruneDatasets { get; init; }

        public HashSet<string> Datasets { get; } = new(StringComparer.Ordinal);

        public List<FileChunk> Uploaded { get; } = [];
    }

    private static RpcException NotScripted() => new(new Status(StatusCode.Unimplemented, "not scripted"));

    private sealed class JobsService(Script script) : V1.Jobs.JobsBase
    {
        public override Task<ClusterStatus> GetCluster(GetClusterRequest request, ServerCallContext context) =>
            Task.FromResult(new ClusterStatus());

        public override Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context) =>
            Task.FromResult((script.Create ?? throw NotScripted())(request));

        public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
            Task.FromResult((script.Get ?? throw NotScripted())(request));

        public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
            Task.FromResult((script.List ?? throw NotScripted())(request));

        public override Task<JobLedger> GetLedger(GetLedgerRequest request, ServerCallContext context) =>
            Task.FromResult((script.Ledger ?? throw NotScripted())(request));

        public override Task<QueueStatus> GetQueue(GetQueueRequest request, ServerCallContext context) =>
            Task.FromResult((script.Queue ?? throw NotScripted())(request));

        public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context) =>
            (script.Watch ?? throw NotScripted())(request, responseStream, context);

        public override async Task GetArtifacts(
            GetArtifactsRequest request,
            IServerStreamWriter<FileChunk> responseStream,
            ServerCallContext context
        )
        {
            foreach (var chunk in script.Artifacts)
            {
                await responseStream.WriteAsync(chunk);
            }
        }
    }

    private sealed class DatasetsService(Script script) : V1.Datasets.DatasetsBase
    {
        public override Task<DatasetInfo> GetDataset(GetDatasetRequest request, ServerCallContext context) =>
            script.Datasets.Contains(request.Fingerprint)
                ? Task.FromResult(new DatasetInfo { Fingerprint = request.Fingerprint })
                : throw new RpcException(new Status(StatusCode.NotFound, "no such dataset"));

        public override Task<ListDatasetsResponse> ListDatasets(ListDatasetsRequest request, ServerCallContext context) =>
            Task.FromResult((script.ListDatasets ?? throw NotScripted())(request));

        public override Task<DeleteDatasetResponse> DeleteDataset(DeleteDatasetRequest request, ServerCallContext context) =>
            Task.FromResult((script.DeleteDataset ?? throw NotScripted())(request));

        public override Task<PruneDatasetsResponse> PruneDatasets(PruneDatasetsRequest request, ServerCallContext context) =>
            Task.FromResult((script.PruneDatasets ?? throw NotScripted())(request));

        public override async Task<DatasetInfo> UploadDataset(IAsyncStreamReader<FileChunk> requestStream, ServerCallContext context)
        {
            await foreach (var chunk in requestStream.ReadAllAsync(context.CancellationToken))
            {
                if (script.UploadRefusal is { } refusal)
                {
                    throw new RpcException(refusal);
                }
                script.Uploaded.Add(chunk);
            }

            return new DatasetInfo();
        }
    }
}
