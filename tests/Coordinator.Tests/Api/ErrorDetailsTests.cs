using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Api;

/// <summary>Every call with every kind of bad input: what clients get for it.</summary>
public partial class ErrorDetailsTests
{
    private static readonly string s_long = string.Concat(Enumerable.Repeat("ü文", 20_000));

    private sealed record Case(string Name, StatusCode Code, string Reason, string[] Fields, Func<TestServer, Task> Call);

    private static readonly Case[] s_cases =
    [
        new("CreateJob/nothing", StatusCode.InvalidArgument, "INVALID_FIELDS", ["spec"], s => Unary(s.Jobs.CreateJobAsync(new()))),
        new(
            "CreateJob/settings",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["spec.training.learning_rate", "spec.training.beta1", "spec.dataset.fingerprint"],
            s =>
                Unary(
                    s.Jobs.CreateJobAsync(
                        new()
                        {
                            Spec = new()
                            {
                                Training = new() { LearningRate = double.NaN, Beta1 = 1 },
                                Dataset = new() { Source = "a", Target = "b" },
                            },
                        }
                    )
                )
        ),
        new(
            "CreateJob/labels and request id",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["labels[a b]", "labels[c]", "request_id"],
            s =>
                Unary(
                    s.Jobs.CreateJobAsync(
                        new()
                        {
                            Spec = Spec(),
                            RequestId = "\n",
                            Labels = { ["a b"] = "x", ["c"] = "-" },
                        }
                    )
                )
        ),
        new(
            "CreateJob/namespace",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["namespace"],
            s => Unary(s.Jobs.CreateJobAsync(new() { Spec = Spec(), Namespace = "No Name" }))
        ),
        new(
            "CreateJob/long name",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["labels[…]", "spec.name"],
            s =>
            {
                var spec = Spec();
                spec.Name = string.Concat(s_long.Take(10_000));
                return Unary(s.Jobs.CreateJobAsync(new() { Spec = spec, Labels = { [s_long] = "x" } }));
            }
        ),
        new(
            "CreateJob/dataset",
            StatusCode.FailedPrecondition,
            "DATASET_MISSING",
            [],
            s => Unary(s.Jobs.CreateJobAsync(new() { Spec = Spec() }))
        ),
        new("GetJob/empty", StatusCode.InvalidArgument, "INVALID_FIELDS", ["id"], s => Unary(s.Jobs.GetJobAsync(new()))),
        new("GetJob/unknown", StatusCode.NotFound, "JOB_NOT_FOUND", [], s => Unary(s.Jobs.GetJobAsync(new() { Id = s_long }))),
        new(
            "ListJobs/size",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["page_size"],
            s => Unary(s.Jobs.ListJobsAsync(new() { PageSize = -1 }))
        ),
        new(
            "ListJobs/token",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["page_token"],
            s => Unary(s.Jobs.ListJobsAsync(new() { PageToken = s_long }))
        ),
        new(
            "ListJobs/filter",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["filter"],
            s => Unary(s.Jobs.ListJobsAsync(new() { Filter = "state = DANCING" }))
        ),
        new(
            "UpdateJob/nothing",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["job"],
            s => Unary(s.Jobs.UpdateJobAsync(new() { UpdateMask = new() }))
        ),
        new(
            "UpdateJob/empty",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["job.id"],
            s => Unary(s.Jobs.UpdateJobAsync(new() { Job = new() }))
        ),
        new(
            "UpdateJob/mask",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["update_mask", "update_mask", "update_mask"],
            s =>
                Unary(
                    s.Jobs.UpdateJobAsync(
                        new()
                        {
                            Job = new() { Id = "runs" },
                            UpdateMask = new FieldMask { Paths = { "spec.training.learning_rate", "state", "spec.nonsense" } },
                        }
                    )
                )
        ),
        new(
            "UpdateJob/ended",
            StatusCode.FailedPrecondition,
            "JOB_ENDED",
            [],
            s =>
                Unary(
                    s.Jobs.UpdateJobAsync(
                        new()
                        {
                            Job = new()
                            {
                                Id = "ended",
                                Spec = new() { Priority = 1 },
                            },
                        }
                    )
                )
        ),
        new(
            "UpdateJob/etag",
            StatusCode.Aborted,
            "ETAG_MISMATCH",
            [],
            s =>
                Unary(
                    s.Jobs.UpdateJobAsync(
                        new()
                        {
                            Job = new()
                            {
                                Id = "runs",
                                Etag = s_long,
                                Spec = new() { Priority = 1 },
                            },
                        }
                    )
                )
        ),
        new("WatchJob/empty", StatusCode.InvalidArgument, "INVALID_FIELDS", ["id"], s => Stream(s.Jobs.WatchJob(new()))),
        new("WatchJob/unknown", StatusCode.NotFound, "JOB_NOT_FOUND", [], s => Stream(s.Jobs.WatchJob(new() { Id = "x" }))),
        new(
            "WatchJob/token",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["resume_token"],
            s => Stream(s.Jobs.WatchJob(new() { Id = "runs", ResumeToken = "7" }))
        ),
        new("CancelJob/unknown", StatusCode.NotFound, "JOB_NOT_FOUND", [], s => Unary(s.Jobs.CancelJobAsync(new() { Id = "x" }))),
        new(
            "CancelJob/etag",
            StatusCode.Aborted,
            "ETAG_MISMATCH",
            [],
            s => Unary(s.Jobs.CancelJobAsync(new() { Id = "runs", Etag = "x" }))
        ),
        new("SuspendJob/ended", StatusCode.FailedPrecondition, "JOB_ENDED", [], s => Unary(s.Jobs.SuspendJobAsync(new() { Id = "ended" }))),
        new("ResumeJob/ended", StatusCode.FailedPrecondition, "JOB_ENDED", [], s => Unary(s.Jobs.ResumeJobAsync(new() { Id = "ended" }))),
        new("DeleteJob/runs", StatusCode.FailedPrecondition, "JOB_NOT_ENDED", [], s => Unary(s.Jobs.DeleteJobAsync(new() { Id = "runs" }))),
        new(
            "DeleteJob/etag",
            StatusCode.Aborted,
            "ETAG_MISMATCH",
            [],
            s => Unary(s.Jobs.DeleteJobAsync(new() { Id = "ended", Etag = "x" }))
        ),
        new(
            "GetArtifacts/runs",
            StatusCode.FailedPrecondition,
            "NO_ARTIFACTS",
            [],
            s => Stream(s.Jobs.GetArtifacts(new() { Id = "runs" }))
        ),
        new(
            "GetQueue/namespace",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["namespace"],
            s => Unary(s.Jobs.GetQueueAsync(new() { Namespace = s_long }))
        ),
        new("GetLedger/unknown", StatusCode.NotFound, "JOB_NOT_FOUND", [], s => Unary(s.Jobs.GetLedgerAsync(new() { Id = "x" }))),
        new(
            "GetDataset/unknown",
            StatusCode.NotFound,
            "DATASET_NOT_FOUND",
            [],
            s => Unary(s.Datasets.GetDatasetAsync(new() { Fingerprint = s_long }))
        ),
        new("DownloadDataset/unknown", StatusCode.NotFound, "DATASET_NOT_FOUND", [], s => Stream(s.Datasets.DownloadDataset(new()))),
        new(
            "UploadDataset/path",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["file.path"],
            async s =>
            {
                using var call = s.Datasets.UploadDataset();
                await call.RequestStream.WriteAsync(new() { Path = "../x" });
                await call.RequestStream.CompleteAsync();
                await call.ResponseAsync;
            }
        ),
        new(
            "PrepareDataset/settings",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["settings"],
            async s =>
            {
                using var call = s.Datasets.PrepareDataset();
                await call.RequestStream.CompleteAsync();
                await call.ResponseAsync;
            }
        ),
        new(
            "ListDatasets/size",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["page_size"],
            s => Unary(s.Datasets.ListDatasetsAsync(new() { PageSize = -1 }))
        ),
        new(
            "ListDatasets/token",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["page_token"],
            s => Unary(s.Datasets.ListDatasetsAsync(new() { PageToken = s_long }))
        ),
        new(
            "DeleteDataset/unknown",
            StatusCode.NotFound,
            "DATASET_NOT_FOUND",
            [],
            s => Unary(s.Datasets.DeleteDatasetAsync(new() { Fingerprint = s_long }))
        ),
        new(
            "PruneDatasets/negative",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["older_than"],
            s => Unary(s.Datasets.PruneDatasetsAsync(new() { OlderThan = new() { Seconds = -1 } }))
        ),
        new("GetCurve/unknown", StatusCode.NotFound, "JOB_NOT_FOUND", [], s => Unary(s.Jobs.GetCurveAsync(new() { Id = "x" }))),
        new(
            "StoreCheckpoint/header",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["header"],
            async s =>
            {
                using var call = s.Checkpoints.StoreCheckpoint();
                await call.RequestStream.CompleteAsync();
                await call.ResponseAsync;
            }
        ),
        new(
            "StoreModel/header",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["header"],
            async s =>
            {
                using var call = s.Checkpoints.StoreModel();
                await call.RequestStream.CompleteAsync();
                await call.ResponseAsync;
            }
        ),
        new(
            "FetchCheckpoint/unknown",
            StatusCode.NotFound,
            "JOB_NOT_FOUND",
            [],
            s => Stream(s.Checkpoints.FetchCheckpoint(new() { JobId = "x", Generation = 1 }))
        ),
        new(
            "ListCheckpoints/unknown",
            StatusCode.NotFound,
            "JOB_NOT_FOUND",
            [],
            s => Unary(s.Checkpoints.ListCheckpointsAsync(new() { JobId = "x" }))
        ),
        new(
            "ListCheckpoints/token",
            StatusCode.InvalidArgument,
            "INVALID_FIELDS",
            ["page_token"],
            s => Unary(s.Checkpoints.ListCheckpointsAsync(new() { JobId = "runs", PageToken = "AAAA" }))
        ),
    ];

    public static TheoryData<string> Names => [.. s_cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Call_WithBadInput_FailsWithDetails(string name)
    {
        var wanted = s_cases.Single(c => c.Name == name);
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running, id: "runs");
        await server.AddAsync(JobPhase.Failed, id: "ended");

        var error = await Assert.ThrowsAsync<RpcException>(() => wanted.Call(server));

        Assert.Equal(wanted.Code, error.StatusCode);
        var info = RpcErrorDetails.Find<ErrorInfo>(error);
        Assert.Equal((wanted.Reason, RpcErrors.Domain), (info?.Reason, info?.Domain));
        Assert.NotEmpty(RpcErrorDetails.Find<RequestInfo>(error)!.RequestId);
        var fields = RpcErrorDetails.Find<BadRequest>(error)?.FieldViolations ?? [];
        Assert.Equal(wanted.Fields, fields.Select(v => LongKey().Replace(v.Field, "[…]")));
        Assert.All(fields, v => Assert.Matches(FieldPath(), v.Field));
        Assert.Equal(wanted.Code == StatusCode.NotFound, RpcErrorDetails.Find<ResourceInfo>(error) is not null);
        // What clients take as headers: the default of most is 8 KiB.
        Assert.InRange(error.Trailers.Sum(t => t.Key.Length + (t.IsBinary ? t.ValueBytes.Length * 4 / 3 : t.Value.Length)), 1, 8000);
        Assert.InRange(error.Status.Detail.Length, 1, 1600);
    }

    [Fact]
    public void Cases_CoverEveryCallThatTakesInput()
    {
        var calls = JobsReflection
            .Descriptor.Services.Concat(FilesReflection.Descriptor.Services)
            .SelectMany(service => service.Methods)
            .Where(method => method.InputType.Fields.InDeclarationOrder().Count > 0)
            .Select(method => method.Name);
        Assert.Empty(calls.Except(s_cases.Select(c => c.Name.Split('/')[0])));
    }

    private static JobSpec Spec() => new() { Dataset = new() { Fingerprint = TestDataset.Fingerprint } };

    private static async Task Unary<T>(AsyncUnaryCall<T> call)
    {
        using (call)
        {
            await call.ResponseAsync;
        }
    }

    private static async Task Stream<T>(AsyncServerStreamingCall<T> call)
    {
        using (call)
        {
            await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]*(\[[^\]]*\])?(\.[a-z][a-z0-9_]*(\[[^\]]*\])?)*$")]
    private static partial Regex FieldPath();

    [GeneratedRegex(@"\[[^\]]{40,}\]")]
    private static partial Regex LongKey();
}
