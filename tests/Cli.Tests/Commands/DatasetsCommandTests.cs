using System.Text.Json;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class DatasetsCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Prepare_Text_MakesADatasetFolderWithTheFingerprintOfItsContent()
    {
        var (source, target) = WriteText();
        string[] command = ["prepare", "--source", source, "--target", target, "--vocabulary", "300"];
        var session = await Session.RunAsync([.. command, "--out", _folder.At("a")]);
        Assert.True(session.ExitCode == 0, session.Error);
        using var dataset = Dataset.Open(_folder.At("a"));
        Assert.Contains($"fingerprint {dataset.Fingerprint}", session.Out, StringComparison.Ordinal);

        var json = await Session.RunAsync([.. command, "--out", _folder.At("b"), "--json"]);
        var result = JsonDocument.Parse(json.Out).RootElement;
        Assert.Equal(dataset.Fingerprint, result.GetProperty("fingerprint").GetString());
        Assert.Equal(dataset.TrainCount, result.GetProperty("sentences").GetInt32());
        Assert.Empty(json.Error);
    }

    [Theory]
    [InlineData("--target is missing", "--source", "a")]
    [InlineData("--tsv holds both sides", "--tsv", "a", "--source", "b", "--target", "c")]
    [InlineData("--vocabulary 'many' has the wrong type", "--vocabulary", "many")]
    public async Task Prepare_OptionsThatDoNotFit_AreNamed(string expected, params string[] options)
    {
        var session = await Session.RunAsync(["prepare", "--out", _folder.At("out"), .. options]);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_FolderThatHoldsFiles_IsRefused()
    {
        var (source, target) = WriteText();
        var session = await Session.RunAsync("prepare", "--source", source, "--target", target, "--out", _folder.Path);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("holds files already", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_FolderOfPrepare_SendsItOnce()
    {
        var (source, target) = WriteText();
        await Session.RunAsync("prepare", "--source", source, "--target", target, "--vocabulary", "300", "--out", _folder.At("set"));
        var script = new FakeCoordinator.Script();
        using (var dataset = Dataset.Open(_folder.At("set")))
        {
            script.Datasets.Add(dataset.Fingerprint);
        }
        await using var coordinator = await FakeCoordinator.StartAsync(script);
        var session = await Session.RunAsync("datasets", "upload", _folder.At("set"), "--coordinator", coordinator.Address);
        Assert.True(session.ExitCode == 0, session.Error);
        Assert.Equal($"fingerprint {script.Datasets.Single()}", session.Out.Trim());
        Assert.Empty(script.Uploaded);

        var fingerprint = script.Datasets.Single();
        script.Datasets.Clear();
        await Session.RunAsync("datasets", "upload", _folder.At("set"), "--coordinator", coordinator.Address);
        Assert.Contains(script.Uploaded, chunk => chunk.Path == "manifest.json");
        Assert.Equal(64, fingerprint.Length);
    }

    [Fact]
    public async Task List_Pages_ShowsAllOfThem()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                ListDatasets = request =>
                    request.PageToken.Length == 0
                        ? new ListDatasetsResponse { Datasets = { Info('a') }, NextPageToken = "more" }
                        : new ListDatasetsResponse { Datasets = { Info('b') } },
            }
        );
        var session = await Session.RunAsync("datasets", "list", "--coordinator", coordinator.Address);
        Assert.Equal(0, session.ExitCode);
        Assert.Contains(new string('a', 64), session.Out, StringComparison.Ordinal);
        Assert.Contains(new string('b', 64), session.Out, StringComparison.Ordinal);
        Assert.Contains("job-1, job-2", session.Out, StringComparison.Ordinal);

        var json = await Session.RunAsync("datasets", "list", "--json", "--coordinator", coordinator.Address);
        Assert.Equal(
            [new string('a', 64), new string('b', 64)],
            json.Out.Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("fingerprint").GetString()!)
        );
    }

    [Fact]
    public async Task Gc_AgeAndDryRun_ReachTheCoordinator()
    {
        PruneDatasetsRequest? asked = null;
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                PruneDatasets = request =>
                {
                    asked = request;
                    return new PruneDatasetsResponse { Datasets = { Info('a') }, FreedBytes = 4096 };
                },
            }
        );
        var session = await Session.RunAsync("datasets", "gc", "--older-than", "36 h", "--dry-run", "--coordinator", coordinator.Address);
        Assert.Equal(0, session.ExitCode);
        Assert.Equal((TimeSpan.FromHours(36), true), (asked!.OlderThan.ToTimeSpan(), asked.DryRun));
        Assert.Contains("1 would be deleted, 4.1 kB freed", session.Error, StringComparison.Ordinal);

        var bad = await Session.RunAsync("datasets", "gc", "--older-than", "soon", "--coordinator", coordinator.Address);
        Assert.Equal(ExitCodes.BadUsage, bad.ExitCode);
        Assert.Contains("--older-than 'soon'", bad.Error, StringComparison.Ordinal);
        Assert.Contains("./cluster datasets gc --help", bad.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_DatasetThatIsNeeded_NamesTheJobs()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { DeleteDataset = _ => throw Errors.RpcErrors.Precondition("DATASET_NEEDED", "it is needed by job-1; cancel that job") }
        );
        var session = await Session.RunAsync("datasets", "delete", new string('a', 64), "--coordinator", coordinator.Address);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("job-1", session.Error, StringComparison.Ordinal);
    }

    private (string Source, string Target) WriteText() =>
        (
            _folder.Write("a.txt", string.Concat(Enumerable.Range(0, 50).Select(i => $"source {i}\n"))),
            _folder.Write("b.txt", string.Concat(Enumerable.Range(0, 50).Select(i => $"target {i}\n")))
        );

    private static DatasetInfo Info(char digit) =>
        new()
        {
            Fingerprint = new string(digit, 64),
            SizeBytes = 4096,
            SentenceCount = 12_345,
            NeededByJobIds = { "job-1", "job-2" },
        };
}
