using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs;

public class JobsServiceTests
{
    private static JobSpec Spec(ulong seed = 1) =>
        new()
        {
            Seed = seed,
            Dataset = new() { Fingerprint = TestDataset.Fingerprint },
        };

    private static async Task<TestServer> StartWithDatasetAsync()
    {
        var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        return server;
    }

    private static async Task<RpcException> ErrorAsync(Func<Task> call) => await Assert.ThrowsAsync<RpcException>(call);

    [Fact]
    public async Task WatchJob_UntilNow_EndsWithTheNewestEvent()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        using var watch = server.Jobs.WatchJob(new() { Id = "job-1", UntilNow = true });
        var events = await watch.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal(JobState.Queued, Assert.Single(events).State.State);
    }

    [Fact]
    public async Task CreateJob_SpecificationThatFillsAFrame_IsRefused()
    {
        await using var server = await StartWithDatasetAsync();
        var spec = Spec();
        spec.Dataset.Source = new string('x', 100_000);
        var error = await ErrorAsync(async () => await server.Jobs.CreateJobAsync(new() { Spec = spec }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Empty(server.Control.Created);
    }

    [Fact]
    public async Task CreateJob_GoodSpecification_IsStoredFilledInAndQueued()
    {
        await using var server = await StartWithDatasetAsync();

        var job = await server.Jobs.CreateJobAsync(new() { Spec = Spec(), RequestId = "r" });

        Assert.Equal(JobState.Queued, job.State);
        Assert.Equal(256, job.Spec.Model.DModel);
        Assert.Equal(job, await server.Jobs.GetJobAsync(new() { Id = job.Id }));
        Assert.Equal([job.Id], server.Control.Created);
    }

    [Fact]
    public async Task CreateJob_RepeatedRequest_GivesTheSameJobOnce()
    {
        await using var server = await StartWithDatasetAsync();
        var first = await server.Jobs.CreateJobAsync(new() { Spec = Spec(), RequestId = "r" });
        var second = await server.Jobs.CreateJobAsync(new() { Spec = Spec(), RequestId = "r" });
        var error = await ErrorAsync(async () => await server.Jobs.CreateJobAsync(new() { Spec = Spec(seed: 2), RequestId = "r" }));

        Assert.Equal(first.Id, second.Id);
        Assert.Single(server.Control.Created);
        Assert.Equal(StatusCode.AlreadyExists, error.StatusCode);
        Assert.Equal("REQUEST_ID_USED", RpcErrorDetails.Find<ErrorInfo>(error)!.Reason);
    }

    [Fact]
    public async Task CreateJob_BadSpecification_NamesEveryViolation()
    {
        await using var server = await StartWithDatasetAsync();
        var spec = Spec();
        spec.Training = new() { LogicalShards = 3, Beta1 = 1 };

        var error = await ErrorAsync(async () => await server.Jobs.CreateJobAsync(new() { Spec = spec }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal(
            ["spec.training.logical_shards", "spec.training.beta1"],
            RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations.Select(v => v.Field)
        );
    }

    [Fact]
    public async Task CreateJob_DatasetNotUploaded_IsAFailedPrecondition()
    {
        await using var server = await TestServer.StartAsync();
        var error = await ErrorAsync(async () => await server.Jobs.CreateJobAsync(new() { Spec = Spec() }));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "DATASET_MISSING"),
            (error.StatusCode, RpcErrorDetails.Find<ErrorInfo>(error)!.Reason)
        );
    }

    [Fact]
    public async Task GetJob_UnknownId_IsNotFoundAndNamesIt()
    {
        await using var server = await TestServer.StartAsync();
        var error = await ErrorAsync(async () => await server.Jobs.GetJobAsync(new() { Id = "nope" }));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Equal(
            ("job", "nope"),
            (RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceType, RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceName)
        );
    }

    [Fact]
    public async Task ListJobs_InPages_GivesEachOnce()
    {
        await using var server = await StartWithDatasetAsync();
        for (ulong i = 0; i < 5; i++)
        {
            await server.Jobs.CreateJobAsync(new() { Spec = Spec(i) });
        }
        var seeds = new List<ulong>();
        for (var token = ""; ; )
        {
            var page = await server.Jobs.ListJobsAsync(new() { PageSize = 2, PageToken = token });
            seeds.AddRange(page.Jobs.Select(j => j.Spec.Seed));
            token = page.NextPageToken;
            if (token.Length == 0)
            {
                break;
            }
        }
        Assert.Equal([4UL, 3, 2, 1, 0], seeds);
    }

    [Theory]
    [InlineData(-1, "")]
    [InlineData(0, "page two")]
    public async Task ListJobs_BadPage_IsInvalid(int size, string token)
    {
        await using var server = await TestServer.StartAsync();
        var error = await ErrorAsync(async () => await server.Jobs.ListJobsAsync(new() { PageSize = size, PageToken = token }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task WatchJob_ResumedByToken_MissesAndRepeatsNothing()
    {
        await using var server = await TestServer.StartAsync();
        var job = await server.AddAsync(JobPhase.Running);
        string token;
        using (var first = server.Jobs.WatchJob(new() { Id = job.Id }))
        {
            Assert.True(await first.ResponseStream.MoveNext(default));
            Assert.Equal(JobState.Queued, first.ResponseStream.Current.State.State);
            token = first.ResponseStream.Current.Token;
        }
        await server.Store.SaveAsync(job.Id, job.Record, new(), [new JobEvent { Log = new() { Text = "between" } }]);

        using var second = server.Jobs.WatchJob(new() { Id = job.Id, ResumeToken = token });
        Assert.True(await second.ResponseStream.MoveNext(default));
        Assert.Equal("between", second.ResponseStream.Current.Log.Text);
        // The watcher stands at the end of the record now, and hears what comes.
        await server.Jobs.CancelJobAsync(new() { Id = job.Id, Reason = "enough" });
        Assert.True(await second.ResponseStream.MoveNext(default));
        Assert.Equal(
            (JobState.Cancelled, "enough"),
            (second.ResponseStream.Current.State.State, second.ResponseStream.Current.State.Reason)
        );
        Assert.False(await second.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task WatchJob_EndedJobAndLastToken_EndsAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        var job = await server.AddAsync(JobPhase.Failed);
        using var watch = server.Jobs.WatchJob(new() { Id = job.Id, ResumeToken = EventToken.Of(job.Id, 1) });
        Assert.False(await watch.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task WatchJob_UnknownJobOrToken_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var unknown = await ErrorAsync(async () => await server.Jobs.WatchJob(new() { Id = "x" }).ResponseStream.MoveNext(default));
        var token = await ErrorAsync(async () =>
            await server.Jobs.WatchJob(new() { Id = "job-1", ResumeToken = "x" }).ResponseStream.MoveNext(default)
        );
        Assert.Equal((StatusCode.NotFound, StatusCode.InvalidArgument), (unknown.StatusCode, token.StatusCode));
    }

    [Fact]
    public async Task CancelJob_EndedJob_StaysAsItIs()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Succeeded);
        Assert.Equal(JobState.Succeeded, (await server.Jobs.CancelJobAsync(new() { Id = "job-1" })).State);
    }

    [Fact]
    public async Task SuspendAndResume_RunningJob_ChangeItsState()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        Assert.Equal(JobState.Suspended, (await server.Jobs.SuspendJobAsync(new() { Id = "job-1" })).State);
        Assert.Equal(JobState.Queued, (await server.Jobs.ResumeJobAsync(new() { Id = "job-1" })).State);
    }

    [Fact]
    public async Task Commands_InAWrongState_AreFailedPreconditions()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Failed, id: "ended");
        await server.AddAsync(JobPhase.Running, id: "runs");
        RpcException[] errors =
        [
            await ErrorAsync(async () => await server.Jobs.SuspendJobAsync(new() { Id = "ended" })),
            await ErrorAsync(async () => await server.Jobs.ResumeJobAsync(new() { Id = "ended" })),
            await ErrorAsync(async () => await server.Jobs.DeleteJobAsync(new() { Id = "runs" })),
            await ErrorAsync(async () => await server.Jobs.GetArtifacts(new() { Id = "runs" }).ResponseStream.MoveNext(default)),
        ];
        Assert.Equal(
            ["JOB_ENDED", "JOB_ENDED", "JOB_NOT_ENDED", "NO_ARTIFACTS"],
            errors.Select(e => RpcErrorDetails.Find<ErrorInfo>(e)!.Reason)
        );
        Assert.All(errors, e => Assert.Equal(StatusCode.FailedPrecondition, e.StatusCode));
    }

    [Fact]
    public async Task DeleteJob_Ended_TakesItsFilesWithIt()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Cancelled);
        Directory.CreateDirectory(server.Data.Model("job-1"));
        await server.Jobs.DeleteJobAsync(new() { Id = "job-1" });
        Assert.False(Directory.Exists(server.Data.Job("job-1")));
        Assert.Equal(StatusCode.NotFound, (await ErrorAsync(async () => await server.Jobs.GetJobAsync(new() { Id = "job-1" }))).StatusCode);
    }
}
