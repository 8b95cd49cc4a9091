using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Modeling.Tests.Data;

public sealed class DatasetTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Build_ThenOpen_HoldsEverySentence()
    {
        var manifest = DatasetBuilder.Build(Options() with { Validation = OnePair() }, _folder.File("data"));
        using var dataset = Dataset.Open(_folder.File("data"));
        Assert.Equal(SampleText.Pairs.Count, dataset.TrainCount);
        for (var i = 0; i < dataset.TrainCount; i++)
        {
            Assert.Equal(SampleText.Pairs[i].De, dataset.Tokenizer.Decode(dataset.Source(i)));
            Assert.Equal(SampleText.Pairs[i].En, dataset.Tokenizer.Decode(dataset.Target(i)));
            Assert.Equal(dataset.Source(i).Length, dataset.SourceLength(i));
            Assert.Equal(dataset.Target(i).Length, dataset.TargetLength(i));
        }
        Assert.Single(dataset.Validation);
        Assert.Equal(manifest.Fingerprint, dataset.Fingerprint);
        Assert.Equal(Enumerable.Range(0, dataset.TrainCount).Sum(i => dataset.SourceLength(i)), manifest.Train.SourceTokens);
    }

    [Fact]
    public void Build_Twice_GivesTheSameBytes()
    {
        DatasetBuilder.Build(Options(), _folder.File("a"));
        DatasetBuilder.Build(Options(), _folder.File("b"));
        foreach (var name in Dataset.FileNames.Append(DatasetManifest.FileName))
        {
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(_folder.File("a"), name)),
                File.ReadAllBytes(Path.Combine(_folder.File("b"), name))
            );
        }
    }

    [Fact]
    public void Build_NoValidationText_HoldsOutOnePercent()
    {
        var options = Options(repeat: 3);
        var manifest = DatasetBuilder.Build(options, _folder.File("data"));
        using var dataset = Dataset.Open(_folder.File("data"));
        Assert.True(manifest.HeldOut);
        Assert.Equal(3, dataset.Validation.Count);
        Assert.Equal(3, manifest.Train.HeldOut);
        Assert.Equal(237, dataset.TrainCount);
        Assert.All(dataset.Validation, pair => Assert.Equal(pair.TargetText, dataset.Tokenizer.Decode(pair.Target)));
        Assert.All(dataset.Validation, pair => Assert.Contains((pair.SourceText, pair.TargetText), SampleText.Pairs));
    }

    [Fact]
    public void Build_UselessLines_AreSkippedAndCounted()
    {
        _folder.Write("s", "gut\n\nnur links\n" + string.Join(' ', Enumerable.Repeat("Wort", 10_000)) + "\ngut\nauch gut\n");
        _folder.Write("t", "good\n\n \nshort\ngood\nalso good\n");
        var options = new DatasetOptions
        {
            Train = new ParallelText(_folder.File("s"), _folder.File("t")),
            Validation = OnePair(),
            VocabularySize = 300,
        };
        var counts = DatasetBuilder.Build(options, _folder.File("data")).Train;
        Assert.Equal((6, 3, 2, 1), (counts.Lines, counts.Kept, counts.SkippedEmpty, counts.SkippedTooLong));
    }

    [Fact]
    public void Build_ValidationText_KeepsItsTextAndTokens()
    {
        var options = Options() with
        {
            Validation = new ParallelText(
                _folder.Write("vs", "Ein Hund.\n\nZwei Männer 𠀀\n"),
                _folder.Write("vt", "A dog.\nx\nTwo men 👍\n")
            ),
        };
        var manifest = DatasetBuilder.Build(options, _folder.File("data"));
        using var dataset = Dataset.Open(_folder.File("data"));
        Assert.Equal(["Ein Hund.", "Zwei Männer 𠀀"], dataset.Validation.Select(pair => pair.SourceText));
        Assert.Equal(["A dog.", "Two men 👍"], dataset.Validation.Select(pair => dataset.Tokenizer.Decode(pair.Target)));
        Assert.Equal((3, 2, 1), (manifest.Validation.Lines, manifest.Validation.Kept, manifest.Validation.SkippedEmpty));
        Assert.False(manifest.HeldOut);
    }

    [Fact]
    public void Build_NothingUsable_SaysWhyAndLeavesNothing()
    {
        var options = new DatasetOptions { Train = new ParallelText(_folder.Write("s", "\n\n"), _folder.Write("t", "a\nb\n")) };
        var exception = Assert.Throws<DatasetException>(() => DatasetBuilder.Build(options, _folder.File("data")));
        Assert.Contains("no sentence pair is left of 2 lines: 2 are empty", exception.Message);
        Assert.Equal(["s", "t"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Build_OptionsOutOfRange_NamesAll()
    {
        var exception = Assert.Throws<ArgumentException>(() =>
            DatasetBuilder.Build(Options() with { VocabularySize = 10, MaxTokens = 0 }, _folder.File("data"))
        );
        Assert.Contains("VocabularySize is 10: choose 260 (special tokens and bytes alone) to 65535", exception.Message);
        Assert.Contains("MaxTokens is 0: choose 4 to 4096", exception.Message);
    }

    [Fact]
    public void Build_FolderInUse_Refuses()
    {
        DatasetBuilder.Build(Options(), _folder.File("data"));
        Assert.Contains(
            "exists already",
            Assert.Throws<DatasetException>(() => DatasetBuilder.Build(Options(), _folder.File("data"))).Message
        );
    }

    [Fact]
    public void Build_Cancelled_LeavesNothing()
    {
        var options = Options();
        using var cancel = new CancellationTokenSource();
        var progress = new CancelAt(cancel, "Encoding");
        Assert.Throws<OperationCanceledException>(() => DatasetBuilder.Build(options, _folder.File("data"), progress, cancel.Token));
        Assert.Equal(["s", "t"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Open_FlippedBit_NamesTheFile()
    {
        DatasetBuilder.Build(Options(), _folder.File("data"));
        foreach (var name in Dataset.FileNames)
        {
            var path = Path.Combine(_folder.File("data"), name);
            var bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(path, bytes);
            Assert.Contains(
                $"{name} is damaged: its SHA-256",
                Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("data"))).Message
            );
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(path, bytes[..^1]);
            Assert.Contains(
                $"{name} is damaged: it has {bytes.Length - 1} bytes",
                Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("data"))).Message
            );
            File.Delete(path);
            Assert.Contains($"{name} is missing", Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("data"))).Message);
            File.WriteAllBytes(path, bytes);
        }
        Dataset.Open(_folder.File("data")).Dispose();
    }

    [Fact]
    public void Open_ShardsCutShortAndNotVerified_AreStillFound()
    {
        DatasetBuilder.Build(Options(), _folder.File("data"));
        var path = Path.Combine(_folder.File("data"), "train.target.tokens");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^8]);
        Assert.Contains(
            "train.target.tokens is damaged",
            Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("data"), verify: false)).Message
        );
    }

    [Theory]
    [InlineData("\"formatVersion\": 1", "\"formatVersion\": 2", "format version 2, but this program reads version 1")]
    [InlineData("\"fingerprint\": \"", "\"fingerprint\": \"00", "its fingerprint does not fit")]
    [InlineData("{", "", "manifest.json is damaged")]
    public void Open_ChangedManifest_SaysSo(string old, string changed, string expected)
    {
        DatasetBuilder.Build(Options(), _folder.File("data"));
        var path = Path.Combine(_folder.File("data"), DatasetManifest.FileName);
        var text = File.ReadAllText(path);
        Assert.Contains(old, text);
        File.WriteAllText(path, text.Replace(old, changed, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("data"))).Message);
    }

    [Fact]
    public void Open_AnotherFolder_SaysSo()
    {
        Assert.Contains("no dataset folder", Assert.Throws<DatasetException>(() => Dataset.Open(_folder.Path)).Message);
        Assert.Contains("does not exist", Assert.Throws<DatasetException>(() => Dataset.Open(_folder.File("none"))).Message);
    }

    [Fact]
    public void Source_IndexOutOfRangeOrDisposed_Throws()
    {
        DatasetBuilder.Build(Options(), _folder.File("data"));
        var dataset = Dataset.Open(_folder.File("data"));
        Assert.Throws<ArgumentOutOfRangeException>(() => dataset.Source(dataset.TrainCount));
        Assert.Throws<ArgumentOutOfRangeException>(() => dataset.Source(-1));
        dataset.Dispose();
        Assert.Throws<ObjectDisposedException>(() => dataset.Source(0));
    }

    private ParallelText OnePair() => new(_folder.Write("vs", "Ein Hund.\n"), _folder.Write("vt", "A dog.\n"));

    private DatasetOptions Options(int repeat = 1) =>
        new()
        {
            Train = new ParallelText(
                _folder.Write(
                    "s",
                    string.Concat(Enumerable.Repeat(string.Concat(SampleText.Pairs.Select(pair => pair.De + "\n")), repeat))
                ),
                _folder.Write("t", string.Concat(Enumerable.Repeat(string.Concat(SampleText.Pairs.Select(pair => pair.En + "\n")), repeat)))
            ),
            VocabularySize = 400,
        };

    private sealed class CancelAt(CancellationTokenSource cancel, string stage) : IProgress<DatasetProgress>
    {
        public void Report(DatasetProgress value)
        {
            if (value.Stage == stage)
            {
                cancel.Cancel();
            }
        }
    }
}
