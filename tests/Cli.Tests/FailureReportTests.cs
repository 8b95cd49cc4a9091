using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests;

/// <summary>With --json a failure is one object on standard error, alone there; its code and the exit status tell its kind.</summary>
public sealed class FailureReportTests : IDisposable
{
    private static readonly string s_fingerprint = new('a', 64);
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("jobs", "--limit", "-3", "--limit -3")]
    [InlineData("get", "", "--json", "ID is empty")]
    [InlineData("jobs", "--nonsense", "x", "--nonsense")]
    public async Task Run_BadOption_IsAnInvalidArgument(string command, string first, string second, string expected)
    {
        var failure = Failure(await Session.RunAsync(command, first, second, "--json"), ExitCodes.BadUsage, "INVALID_ARGUMENT");
        Assert.Contains(expected, Text(failure, "message"), StringComparison.Ordinal);
        Assert.Equal($"./cluster {command} --help", Text(failure, "help"));
    }

    [Fact]
    public async Task Run_UnknownCommand_IsAnInvalidArgument() =>
        Failure(await Session.RunAsync("sumbit", "--json"), ExitCodes.BadUsage, "INVALID_ARGUMENT");

    [Theory]
    [InlineData("jobs")]
    [InlineData("queue")]
    [InlineData("workers")]
    [InlineData("get", "job-1")]
    [InlineData("watch", "job-1")]
    [InlineData("cancel", "job-1")]
    [InlineData("suspend", "job-1")]
    [InlineData("resume", "job-1")]
    [InlineData("ledger", "job-1")]
    public async Task Run_NobodyAtTheAddress_IsUnavailable(params string[] command)
    {
        var session = await Session.RunAsync([.. command, "--json", "--coordinator", $"127.0.0.1:{TestSupport.FreePort.Next()}"]);
        var failure = Failure(session, ExitCodes.Unavailable, "UNAVAILABLE");
        Assert.Contains("./cluster up", Text(failure, "help"), StringComparison.Ordinal);
        Assert.Empty(session.Out);
    }

    [Fact]
    public async Task Run_UnknownJob_IsNotFound()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Get = request => throw Errors.RpcErrors.NotFound("job", request.Id, "list the jobs with ListJobs") }
        );
        var session = await Session.RunAsync("get", "nope", "--json", "--coordinator", coordinator.Address);
        var failure = Failure(session, ExitCodes.BadUsage, "JOB_NOT_FOUND");
        Assert.Equal("list the jobs with ListJobs", Text(failure, "help"));
        Assert.Empty(session.Out);
    }

    [Fact]
    public async Task Submit_InvalidSpec_NamesTheFieldsAndTheirLines()
    {
        var job = _folder.Write("job.yaml", "dataset: { source: a, target: b }\ntraining:\n  steps: many\n  batchTokens: 0\n");
        var failure = Failure(await Session.RunAsync("submit", job, "--json"), ExitCodes.BadUsage, "INVALID_ARGUMENT");
        var violations = failure.GetProperty("violations").EnumerateArray().ToList();
        Assert.Equal(["training.steps", "training.batchTokens"], violations.Select(each => Text(each, "field")));
        Assert.Equal([3, 4], violations.Select(each => each.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task Submit_CoordinatorRefuses_NamesTheFields()
    {
        var details = new Google.Rpc.Status
        {
            Code = (int)StatusCode.InvalidArgument,
            Details =
            {
                Any.Pack(
                    new BadRequest
                    {
                        FieldViolations =
                        {
                            new BadRequest.Types.FieldViolation { Field = "model.heads", Description = "does not divide" },
                        },
                    }
                ),
            },
        };
        var script = new FakeCoordinator.Script
        {
            Create = _ =>
                throw new RpcException(
                    new Grpc.Core.Status(StatusCode.InvalidArgument, "1 problem"),
                    new Metadata { { "grpc-status-details-bin", details.ToByteArray() } }
                ),
        };
        script.Datasets.Add(s_fingerprint);
        await using var coordinator = await FakeCoordinator.StartAsync(script);
        var session = await Session.RunAsync("submit", JobFile(), "--json", "--coordinator", coordinator.Address);
        var failure = Failure(session, ExitCodes.BadUsage, "INVALID_ARGUMENT");
        Assert.Equal("model.heads", Text(Assert.Single(failure.GetProperty("violations").EnumerateArray()), "field"));
    }

    [Theory]
    [InlineData(JobState.Failed, ExitCodes.Failed, "JOB_FAILED")]
    [InlineData(JobState.Cancelled, ExitCodes.Cancelled, "JOB_CANCELLED")]
    public async Task Submit_JobThatDoesNotSucceed_SaysSoBesideItsEvents(JobState state, int exitCode, string code)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(Ending(state));
        var session = await Session.RunAsync("submit", JobFile(), "--wait", "--json", "--coordinator", coordinator.Address);
        var failure = Failure(session, exitCode, code);
        Assert.Contains("the reason", Text(failure, "message"), StringComparison.Ordinal);
        Assert.All(session.Out.TrimEnd('\n').Split('\n'), line => JsonDocument.Parse(line).Dispose());
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, ExitCodes.Unavailable, "TOO_MANY_JOBS")]
    [InlineData(StatusCode.Unavailable, ExitCodes.Unavailable, "STORAGE_FAILED")]
    [InlineData(StatusCode.FailedPrecondition, ExitCodes.BadUsage, "DATASET_MISSING")]
    [InlineData(StatusCode.PermissionDenied, ExitCodes.BadUsage, "PERMISSION_DENIED")]
    [InlineData(StatusCode.Internal, ExitCodes.Failed, "INTERNAL")]
    public async Task Get_StatusOfTheCoordinator_HasAnExitStatusOfItsKind(StatusCode status, int exitCode, string reason)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Get = _ => throw Errors.RpcErrors.Info(status, reason, "it is so; do that") }
        );
        var failure = Failure(await Session.RunAsync("get", "job-1", "--json", "--coordinator", coordinator.Address), exitCode, reason);
        Assert.Equal("do that", Text(failure, "help"));
    }

    [Fact]
    public async Task Get_DeadlineExceeded_TimedOut()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Get = _ => throw new RpcException(new Grpc.Core.Status(StatusCode.DeadlineExceeded, "late")) }
        );
        Failure(
            await Session.RunAsync("get", "job-1", "--json", "--coordinator", coordinator.Address),
            ExitCodes.TimedOut,
            "DEADLINE_EXCEEDED"
        );
    }

    [Fact]
    public async Task Submit_Succeeds_StandardErrorStaysEmpty()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(Ending(JobState.Succeeded));
        var session = await Session.RunAsync("submit", JobFile(), "--wait", "--json", "--coordinator", coordinator.Address);
        Assert.Equal(0, session.ExitCode);
        Assert.Empty(session.Error);
    }

    private static FakeCoordinator.Script Ending(JobState state)
    {
        var script = new FakeCoordinator.Script
        {
            Create = request => new Job
            {
                Id = "job-7",
                Spec = request.Spec,
                State = JobState.Queued,
            },
            Watch = (_, stream, _) =>
                stream.WriteAsync(
                    new JobEvent
                    {
                        Token = "1",
                        State = new StateChanged { State = state, Reason = "the reason" },
                    }
                ),
        };
        script.Datasets.Add(s_fingerprint);
        return script;
    }

    private string JobFile() => _folder.Write("job.yaml", $"dataset: {{ fingerprint: {s_fingerprint} }}\n");

    private static JsonElement Failure(Session session, int exitCode, string code)
    {
        Assert.True(exitCode == session.ExitCode, session.Error);
        var failure = JsonDocument.Parse(Assert.Single(session.Error.TrimEnd('\n').Split('\n'))).RootElement;
        Assert.Equal(code, Text(failure, "code"));
        Assert.Equal(exitCode, failure.GetProperty("exitCode").GetInt32());
        Assert.NotEmpty(Text(failure, "message"));
        return failure;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
