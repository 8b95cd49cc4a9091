using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class SubmitCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Submit_JobFile_BringsItsDatasetAndTheJob()
    {
        _folder.Write("a.txt", string.Concat(Enumerable.Range(0, 50).Select(i => $"source {i}\n")));
        _folder.Write("b.txt", string.Concat(Enumerable.Range(0, 50).Select(i => $"target {i}\n")));
        var job = _folder.Write("job.yaml", "name: mine\ndataset: { source: a.txt, target: b.txt, vocabularySize: 300 }\n");
        CreateJobRequest? created = null;
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                Create = request =>
                {
                    created = request;
                    return new Job
                    {
                        Id = "job-7",
                        Spec = request.Spec,
                        State = JobState.Queued,
                    };
                },
            }
        );
        var session = await Session.RunAsync("submit", job, "--coordinator", coordinator.Address, "--request-id", "r-1");
        Assert.Equal(0, session.ExitCode);
        Assert.Equal("job job-7 queued", session.Out.Trim());
        Assert.Equal("r-1", created!.RequestId);
        Assert.Equal("mine", created.Spec.Name);
        Assert.Equal(64, created.Spec.Dataset.Fingerprint.Length);
        Assert.Contains(coordinator.Answers.Uploaded, chunk => chunk.Path == "manifest.json" && chunk.Data.Length == chunk.FileBytes);
        Assert.All(
            coordinator.Answers.Uploaded.GroupBy(chunk => chunk.Path),
            file => Assert.Equal(file.First().FileBytes, file.Sum(chunk => chunk.Data.Length))
        );
    }

    [Fact]
    public async Task Submit_FingerprintThatIsThere_UploadsNothing()
    {
        var fingerprint = new string('a', 64);
        var job = _folder.Write("job.yaml", $"dataset: {{ fingerprint: {fingerprint} }}\n");
        var script = new FakeCoordinator.Script
        {
            Create = request => new Job
            {
                Id = "job-7",
                Spec = request.Spec,
                State = JobState.Queued,
            },
        };
        script.Datasets.Add(fingerprint);
        await using var coordinator = await FakeCoordinator.StartAsync(script);
        var session = await Session.RunAsync("submit", job, "--coordinator", coordinator.Address);
        Assert.Equal(0, session.ExitCode);
        Assert.Empty(script.Uploaded);
    }

    [Fact]
    public async Task Submit_FingerprintThatIsNotThere_SaysSo()
    {
        var fingerprint = new string('a', 64);
        await using var coordinator = await FakeCoordinator.StartAsync(new());
        var session = await Session.RunAsync(
            "submit",
            _folder.Write("job.yaml", $"dataset: {{ fingerprint: {fingerprint} }}\n"),
            "--coordinator",
            coordinator.Address
        );
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(fingerprint, session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_JobFileWithManyProblems_NamesAllWithTheirLines()
    {
        var job = _folder.Write(
            "job.yaml",
            "name: Bad Name\ndataset:\n  source: a.txt\n  target: b.txt\ntraining:\n  steps: many\n  batchTokens: 0\n  colour: red\n"
        );
        var session = await Session.RunAsync("submit", job);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        foreach (
            var expected in (string[])
                [job, "4 problems", "line 1: name", "line 6: training.steps", "line 7: training.batchTokens", "line 8: training.colour"]
        )
        {
            Assert.Contains(expected, session.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Submit_CoordinatorRefuses_ShowsEveryViolation()
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
                            new BadRequest.Types.FieldViolation { Field = "training.steps", Description = "too few" },
                        },
                    }
                ),
            },
        };
        var fingerprint = new string('a', 64);
        var script = new FakeCoordinator.Script
        {
            Create = _ =>
                throw new RpcException(
                    new Grpc.Core.Status(StatusCode.InvalidArgument, "2 problems"),
                    new Metadata { { "grpc-status-details-bin", details.ToByteArray() } }
                ),
        };
        script.Datasets.Add(fingerprint);
        await using var coordinator = await FakeCoordinator.StartAsync(script);
        var session = await Session.RunAsync(
            "submit",
            _folder.Write("job.yaml", $"dataset: {{ fingerprint: {fingerprint} }}\n"),
            "--coordinator",
            coordinator.Address
        );
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("model.heads: does not divide", session.Error, StringComparison.Ordinal);
        Assert.Contains("training.steps: too few", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_NoAddress_IsNamed()
    {
        var job = _folder.Write("job.yaml", $"dataset: {{ fingerprint: {new string('a', 64)} }}\n");
        var session = await Session.RunAsync("submit", job, "--coordinator", "foo bar");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("--coordinator foo bar", session.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Failed)]
    public async Task Submit_WaitAndOut_BringsTheModelOfAJobThatSucceeds(JobState end)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(Ending(end));
        var session = await SubmitAsync(coordinator, "--wait", "--out", _folder.At("model"));
        if (end == JobState.Succeeded)
        {
            Assert.True(session.ExitCode == 0, session.Error);
            Assert.Equal("weights", await File.ReadAllTextAsync(_folder.At("model/model.bin"), TestContext.Current.CancellationToken));
            return;
        }
        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Equal(["job.yaml"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Submit_OutIsInTheWay_IsRefusedBeforeAnythingIsSubmitted()
    {
        var created = false;
        await using var coordinator = await FakeCoordinator.StartAsync(Ending(JobState.Succeeded, () => created = true));
        Directory.CreateDirectory(_folder.At("model"));
        _folder.Write("model/letter.txt", "dear");
        var session = await SubmitAsync(coordinator, "--wait", "--out", _folder.At("model"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("holds other files", session.Error, StringComparison.Ordinal);
        Assert.False(created);
    }

    [Theory]
    [InlineData("--out needs --wait", "--out", "x")]
    [InlineData("--overwrite needs --out", "--wait", "--overwrite")]
    public async Task Submit_OptionsThatDoNotFit_AreNamed(string expected, params string[] options)
    {
        var session = await Session.RunAsync(["submit", "job.yaml", .. options]);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ModelThatDoesNotCome_LeavesNothingAndSaysHowToFetchIt()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(Ending(JobState.Succeeded, artifacts: []));
        var session = await SubmitAsync(coordinator, "--wait", "--out", _folder.At("model"));
        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Contains($"./cluster artifacts job-7 --out {_folder.At("model")}", session.Error, StringComparison.Ordinal);
        Assert.Equal(["job.yaml"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    private Task<Session> SubmitAsync(FakeCoordinator coordinator, params string[] options) =>
        Session.RunAsync([
            "submit",
            _folder.Write("job.yaml", $"dataset: {{ fingerprint: {new string('a', 64)} }}\n"),
            "--coordinator",
            coordinator.Address,
            .. options,
        ]);

    private static FakeCoordinator.Script Ending(JobState state, Action? created = null, IReadOnlyList<FileChunk>? artifacts = null)
    {
        var script = new FakeCoordinator.Script
        {
            Create = request =>
            {
                created?.Invoke();
                return new Job
                {
                    Id = "job-7",
                    Spec = request.Spec,
                    State = JobState.Queued,
                };
            },
            Watch = (_, stream, _) =>
                stream.WriteAsync(
                    new JobEvent
                    {
                        Token = "1",
                        State = new StateChanged { State = state },
                    }
                ),
            Artifacts =
                artifacts
                ??
                [
                    new FileChunk
                    {
                        Path = "model.bin",
                        FileBytes = 7,
                        Data = ByteString.CopyFromUtf8("weights"),
                    },
                ],
        };
        script.Datasets.Add(new string('a', 64));
        return script;
    }
}
