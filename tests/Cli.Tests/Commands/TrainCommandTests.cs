namespace TrainingCluster.Cli.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _source;
    private readonly string _target;

    public TrainCommandTests() => (_source, _target) = (_folder.Write("source", "a\nb\n"), _folder.Write("target", "x\ny\n"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Train_StepsAndEpochs_IsRefused() => await RefusedAsync("--steps and --epochs", "--steps", "5", "--epochs", "2");

    [Fact]
    public async Task Train_OneSideOfTheValidationPair_IsRefused() => await RefusedAsync("--valid-target", "--valid-source", _source);

    [Fact]
    public async Task Train_TabSeparatedBesideTwoFiles_IsRefused() => await RefusedAsync("--tsv", "--tsv", _source);

    [Fact]
    public async Task Train_MissingValidationFile_IsNamed() =>
        await RefusedAsync(_folder.At("none"), "--valid-source", _source, "--valid-target", _folder.At("none"));

    [Fact]
    public async Task Train_MoreWorkersThanShards_NamesBothAndTheMend() => await RefusedAsync("8 logical shards", "--workers", "9");

    [Theory]
    [InlineData("workers: { min: 3 }", "the job waits for 3 (workers.min)")]
    [InlineData("suspend: true", "suspend: true in --job")]
    public async Task Train_JobThatTheseWorkersNeverRun_IsRefused(string line, string expected) =>
        await RefusedAsync(expected, "--job", _folder.Write("job.yaml", $"name: x\n{line}\n"), "--workers", "2");

    [Fact]
    public async Task Train_WorkFolderInsideTheModels_IsRefused()
    {
        await RefusedAsync("--work-dir", "--work-dir", _folder.At("out"));
        await RefusedAsync("lies in --out", "--work-dir", _folder.At("out/work"));
    }

    [Fact]
    public async Task Train_WorkFolderThatCannotBeWritten_IsRefused() =>
        await RefusedAsync("--work-dir /proc/work cannot be written", "--work-dir", "/proc/work");

    [Fact]
    public async Task Train_SettingsOutOfRange_AreAllNamedAtOnce() =>
        await RefusedAsync(
            ["training.steps", "training.batchTokens", "model.heads", "model.dropout"],
            "--steps",
            "0",
            "--batch-tokens",
            "1",
            "--d-model",
            "100",
            "--heads",
            "3",
            "--dropout",
            "1.5"
        );

    [Fact]
    public async Task Train_BaseRecipeWithUnknownFields_NamesThemWithTheirLines()
    {
        var job = _folder.Write("job.yaml", "name: x\ncolour: red\ntraining:\n  stps: 5\n");
        await RefusedAsync(["line 2: colour", "line 4: training.stps"], "--job", job);
    }

    [Fact]
    public async Task Train_OutputFolderWithOtherFiles_IsLeftAlone()
    {
        Directory.CreateDirectory(_folder.At("full"));
        var other = _folder.Write("full/other", "mine");
        var session = await Session.RunAsync("train", "--source", _source, "--target", _target, "--out", _folder.At("full"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(_folder.At("full"), session.Error, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(other, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Train_OutputFolderWithAModel_IsKeptWithoutOverwrite()
    {
        Directory.CreateDirectory(_folder.At("model"));
        _folder.Write("model/manifest.json", "{}");
        var session = await Session.RunAsync("train", "--source", _source, "--target", _target, "--out", _folder.At("model"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("--overwrite", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_WithoutText_NamesWhatIsMissing()
    {
        var session = await Session.RunAsync("train", "--source", _source, "--out", _folder.At("out"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("--target is missing", session.Error, StringComparison.Ordinal);
    }

    private Task RefusedAsync(string expected, params string[] options) => RefusedAsync([expected], options);

    private async Task RefusedAsync(string[] expected, params string[] options)
    {
        var session = await Session.RunAsync(["train", "--source", _source, "--target", _target, "--out", _folder.At("out"), .. options]);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.All(expected, text => Assert.Contains(text, session.Error, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder.At("out")));
    }
}
