using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Files;
using TrainingCluster.Serving.Models;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Models;

public sealed class JobSourceTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeJobs _jobs = new();
    private WebApplication? _app;
    private GrpcChannel? _channel;

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2)
        );
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(_jobs);
        _app = builder.Build();
        _app.MapGrpcService<FakeJobs>();
        await _app.StartAsync(Ended);
        _channel = GrpcChannel.ForAddress(_app.Urls.Single());
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task Look_JobThatRuns_SaysWhatItWaitsForUntilItHasSucceeded()
    {
        _jobs.Set("job-1", JobState.Running);
        _jobs.All["job-1"].Progress = new JobProgress { Step = 3, TotalStepCount = 7 };
        using var library = await LibraryAsync("job-1");
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => library.AcquireAsync("job-1", Ended));
        Assert.Equal(ModelProblem.Waiting, error.Problem);
        Assert.Contains("job job-1 is running (step 3 of 7)", error.Message, StringComparison.Ordinal);
        _jobs.Set("job-1", JobState.Succeeded);
        await library.RefreshAsync(Ended);
        var (model, hold) = await library.AcquireAsync("job-1", Ended);
        Assert.Equal("team", model.Offer.Namespace);
        Assert.NotEmpty(model.Translator.Translate(["3. Mai 2021"]));
        hold.Dispose();
    }

    [Fact]
    public async Task Look_JobThatRunsWithCheckpoints_OffersTheNewestAndThenTheModel()
    {
        _jobs.Set("job-1", JobState.Running);
        _jobs.Set("job-2", JobState.Running);
        _jobs.All["job-1"].Progress = new JobProgress { Step = 120, CheckpointStep = 100 };
        using var library = await LibraryAsync(null);
        // The other has nothing yet.
        Assert.Equal(["job-1"], library.List().Select(view => view.Offer.Id));
        await VersionAsync("step-100");
        Assert.True(_jobs.AskedForCheckpoint);

        _jobs.All["job-1"].Progress.CheckpointStep = 200;
        await library.RefreshAsync(Ended);
        await VersionAsync("step-200");
        _jobs.Set("job-1", JobState.Succeeded);
        await library.RefreshAsync(Ended);
        await VersionAsync("abc");

        // A newer version is loaded beside the older one, which answers until it is there.
        async Task VersionAsync(string version)
        {
            while (true)
            {
                var (model, hold) = await library.AcquireAsync("job-1", Ended);
                hold.Dispose();
                if (model.Offer.Version == version)
                {
                    return;
                }
                await Task.Delay(10, Ended);
            }
        }
    }

    [Theory]
    [InlineData(JobState.Failed, "is failed and left no model: because")]
    [InlineData(JobState.Cancelled, "is cancelled and left no model: because")]
    public async Task Look_JobThatLeftNoModel_SaysWhy(JobState state, string why)
    {
        _jobs.Set("job-1", state);
        using var library = await LibraryAsync("job-1");
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => library.AcquireAsync("job-1", Ended));
        Assert.Equal(ModelProblem.Unusable, error.Problem);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Look_AllJobs_TakesThoseThatHaveSucceededAndFetchesThemWhenCalled()
    {
        _jobs.Set("job-1", JobState.Succeeded);
        _jobs.Set("job-2", JobState.Succeeded);
        using var library = await LibraryAsync(null);
        Assert.StartsWith("state = SUCCEEDED OR state = RUNNING", _jobs.Filter, StringComparison.Ordinal);
        Assert.Equal(["job-1", "job-2"], library.List().Select(view => view.Offer.Id));
        Assert.Equal(0, _jobs.Fetched);
        (await library.AcquireAsync("job-2", Ended)).Hold.Dispose();
        Assert.Equal(1, _jobs.Fetched);
        // A job that is deleted takes its model with it.
        _jobs.All.Remove("job-2");
        await library.RefreshAsync(Ended);
        await Assert.ThrowsAsync<ModelUnusableException>(() => library.AcquireAsync("job-2", Ended));
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public async Task Fetch_DamagedOnTheWay_IsToldAndLeavesNothing()
    {
        _jobs.Set("job-1", JobState.Succeeded);
        _jobs.Damage = true;
        using var library = await LibraryAsync("job-1");
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => library.AcquireAsync("job-1", Ended));
        Assert.Equal(ModelProblem.SourceUnavailable, error.Problem);
        Assert.Contains("arrived damaged", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Look_CoordinatorGone_KeepsTheModelsThatAreKnown()
    {
        _jobs.Set("job-1", JobState.Succeeded);
        using var library = await LibraryAsync(null);
        (await library.AcquireAsync("job-1", Ended)).Hold.Dispose();
        await _app!.StopAsync(Ended);
        await library.RefreshAsync(Ended);
        Assert.Contains("does not answer as it should", Assert.Single(library.Silent()), StringComparison.Ordinal);
        (await library.AcquireAsync("job-1", Ended)).Hold.Dispose();
    }

    private async Task<ModelLibrary> LibraryAsync(string? job)
    {
        var settings = new ModelSettings();
        var source = new JobSource(new(_channel!), _app!.Urls.Single(), job, _folder.Path, settings, TimeProvider.System);
        var metrics = new ServingMetrics(new ProgramMetrics("serving"));
        var library = new ModelLibrary([source], settings, metrics, TimeProvider.System, NullLogger<ModelLibrary>.Instance);
        await library.RefreshAsync(Ended);
        return library;
    }

    /// <summary>A coordinator whose jobs all leave the model of dates.</summary>
    private sealed class FakeJobs : V1.Jobs.JobsBase
    {
        public Dictionary<string, Job> All { get; } = new(StringComparer.Ordinal);

        public string Filter { get; private set; } = "";

        public int Fetched { get; private set; }

        public bool Damage { get; set; }

        public bool AskedForCheckpoint { get; private set; }

        public void Set(string id, JobState state) =>
            All[id] = new Job
            {
                Id = id,
                State = state,
                Namespace = "team",
                Reason = "because",
                WeightsSha256 = "abc",
            };

        public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) => Task.FromResult(All[request.Id]);

        public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context)
        {
            Filter = request.Filter;
            return Task.FromResult(new ListJobsResponse { Jobs = { All.Values } });
        }

        public override async Task GetArtifacts(
            GetArtifactsRequest request,
            IServerStreamWriter<FileChunk> responseStream,
            ServerCallContext context
        )
        {
            Fetched++;
            AskedForCheckpoint = request.NewestCheckpoint;
            await foreach (var chunk in FolderSender.ReadAsync(TestModels.Dates, context.CancellationToken))
            {
                if (Damage && chunk.Sha256.Length > 0)
                {
                    chunk.Sha256 = new string('0', 64);
                }
                await responseStream.WriteAsync(chunk, context.CancellationToken);
            }
        }
    }
}
