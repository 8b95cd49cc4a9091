using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Datasets;

public sealed class DatasetCatalogTests
{
    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListDatasets_Several_ComeNewestFirstInPages()
    {
        await using var server = await TestServer.StartAsync();
        var made = new List<string>();
        for (var size = 270; size < 275; size++)
        {
            made.Add((await PrepareDatasetTests.PrepareAsync(server, settings: new() { VocabularySize = size })).Fingerprint);
        }
        var listed = new List<DatasetInfo>();
        var request = new ListDatasetsRequest { PageSize = 2 };
        do
        {
            var page = await server.Datasets.ListDatasetsAsync(request);
            Assert.InRange(page.Datasets.Count, 1, 2);
            listed.AddRange(page.Datasets);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);

        Assert.Equal(made.Order(), listed.Select(each => each.Fingerprint).Order());
        Assert.Equal(
            listed.OrderByDescending(each => each.CreateTime.ToDateTimeOffset()).Select(each => each.Fingerprint),
            listed.Select(each => each.Fingerprint)
        );
        Assert.All(listed, each => Assert.Equal((198L, 2L, ""), (each.SentenceCount, each.ValidationSentenceCount, each.Problem)));
        Assert.All(listed, each => Assert.InRange(each.VocabularySize, 270, 274));
        Assert.All(listed, each => Assert.True(each.SizeBytes > 1000));
    }

    [Theory]
    [InlineData("dG9rZW4")]
    [InlineData("***")]
    [InlineData("42")]
    public async Task ListDatasets_TokenOfSomethingElse_IsInvalid(string token)
    {
        await using var server = await TestServer.StartAsync();
        await FailsAsync(StatusCode.InvalidArgument, async () => await server.Datasets.ListDatasetsAsync(new() { PageToken = token }));
        await FailsAsync(StatusCode.InvalidArgument, async () => await server.Datasets.ListDatasetsAsync(new() { PageSize = -1 }));
    }

    [Fact]
    public async Task ListDatasets_FolderThatNobodyHasOnRecord_IsThereAndADamagedOneSaysSo()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        var other = Path.Combine(server.Data.Datasets, new string('b', 64));
        Directory.CreateDirectory(other);
        var listed = (await server.Datasets.ListDatasetsAsync(new())).Datasets;
        Assert.Equal("", listed.Single(each => each.Fingerprint == TestDataset.Fingerprint).Problem);
        var problem = listed.Single(each => each.Fingerprint != TestDataset.Fingerprint).Problem;
        Assert.Contains("no manifest.json", problem, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Data.Root, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JobPhase.Waiting)]
    [InlineData(JobPhase.Running)]
    [InlineData(JobPhase.Suspended)]
    public async Task DeleteDataset_JobNeedsIt_IsRefusedWithItsIdUntilTheJobHasEnded(JobPhase phase)
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        var job = await CreateAsync(server);
        await MoveAsync(server, job, phase);
        var error = await FailsAsync(StatusCode.FailedPrecondition, () => DeleteAsync(server));
        Assert.Contains(job.Id, error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("DATASET_NEEDED", RpcErrorDetails.Find<Google.Rpc.ErrorInfo>(error)!.Reason);
        Assert.Equal([job.Id], (await server.Datasets.ListDatasetsAsync(new())).Datasets.Single().NeededByJobIds);
        Assert.Empty((await server.Datasets.PruneDatasetsAsync(Everything())).Datasets);

        await MoveAsync(server, job, JobPhase.Succeeded);
        Assert.True((await DeleteAsync(server)).FreedBytes > 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Datasets));
        await FailsAsync(StatusCode.NotFound, () => DeleteAsync(server));
        await FailsAsync(StatusCode.FailedPrecondition, () => CreateAsync(server));
    }

    [Fact]
    public async Task PruneDatasets_OlderAndDryRun_DeletesWhatItSays()
    {
        await using var server = await TestServer.StartAsync();
        var info = await PrepareDatasetTests.PrepareAsync(server);
        Assert.Empty((await server.Datasets.PruneDatasetsAsync(new())).Datasets);

        var request = Everything();
        request.DryRun = true;
        var dry = await server.Datasets.PruneDatasetsAsync(request);
        Assert.Equal((info.Fingerprint, info.SizeBytes), (dry.Datasets.Single().Fingerprint, dry.FreedBytes));
        Assert.Single(Directory.EnumerateDirectories(server.Data.Datasets));

        var done = await server.Datasets.PruneDatasetsAsync(Everything());
        Assert.Equal(dry, done);
        Assert.Empty(Directory.EnumerateDirectories(server.Data.Datasets));
    }

    [Fact]
    public async Task PruneDatasets_NegativeAge_IsInvalid()
    {
        await using var server = await TestServer.StartAsync();
        var request = new PruneDatasetsRequest { OlderThan = Duration.FromTimeSpan(TimeSpan.FromSeconds(-1)) };
        await FailsAsync(StatusCode.InvalidArgument, async () => await server.Datasets.PruneDatasetsAsync(request));
    }

    [Fact]
    public async Task Delete_TwoNamespacesBroughtIt_EachSeesAndDeletesItsOwn()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        await server.Store.AddDatasetAsync(TestDataset.Fingerprint, "team-a");
        await server.Store.AddDatasetAsync(TestDataset.Fingerprint, "team-b");
        var catalog = server.Catalog;
        Assert.Empty(await catalog.ListAsync("team-c"));
        await FailsAsync(StatusCode.NotFound, () => catalog.DeleteAsync(TestDataset.Fingerprint, "team-c", CancellationToken));

        Assert.Equal(0, await catalog.DeleteAsync(TestDataset.Fingerprint, "team-a", CancellationToken));
        Assert.Empty(await catalog.ListAsync("team-a"));
        Assert.Single(await catalog.ListAsync("team-b"));
        Assert.NotEqual(0, await catalog.DeleteAsync(TestDataset.Fingerprint, "team-b", CancellationToken));
        Assert.Empty(await catalog.ListAsync(null));
    }

    private static PruneDatasetsRequest Everything() => new() { OlderThan = Duration.FromTimeSpan(TimeSpan.Zero) };

    private static async Task<DeleteDatasetResponse> DeleteAsync(TestServer server) =>
        await server.Datasets.DeleteDatasetAsync(new() { Fingerprint = TestDataset.Fingerprint });

    private static async Task<Job> CreateAsync(TestServer server) =>
        await server.Jobs.CreateJobAsync(new() { Spec = new() { Dataset = new() { Fingerprint = TestDataset.Fingerprint } } });

    private static async Task MoveAsync(TestServer server, Job job, JobPhase phase)
    {
        var stored = (await server.Store.GetAsync(job.Id))!;
        DateTimeOffset? ended = phase == JobPhase.Succeeded ? TimeProvider.System.GetUtcNow() : null;
        await server.Store.SaveAsync(job.Id, stored.Record with { Phase = phase, Ended = ended }, stored.Progress, []);
    }

    private static async Task<RpcException> FailsAsync(StatusCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(code == error.StatusCode, error.Message);
        return error;
    }
}
