using System.Text.Json.Nodes;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class TranslateCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public TranslateCommandTests()
    {
        var dates = DatesTask.Split(seed: 5, train: 100, validation: 5, heldOut: 5);
        dates.Write(_folder.At("text"));
        DatasetBuilder.Build(
            new DatasetOptions { Train = new ParallelText(_folder.At("text/train.tsv"), null), VocabularySize = 300 },
            _folder.At("dataset")
        );
        using var dataset = Dataset.Open(_folder.At("dataset"));
        var spec = new JobSpec
        {
            Model = new ModelSpec
            {
                DModel = 16,
                Heads = 2,
                Layers = 1,
                FeedForward = 16,
            },
        };
        using var model = ModelFactory.Create(spec.Model.ToOptions(), dataset.Tokenizer.VocabularySize, seed: 1);
        ModelFolder.Save(
            _folder.At("model"),
            model,
            File.ReadAllBytes(_folder.At("dataset/tokenizer.json")),
            new ModelManifest
            {
                Specification = JsonNode.Parse(spec.ToString())!.AsObject(),
                VocabularySize = dataset.Tokenizer.VocabularySize,
            }
        );
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Translate_Lines_GivesALineForEach()
    {
        var session = await Session.WithInputAsync(
            "3. Mai 2021\n\n二〇二一年五月三日\n",
            "translate",
            "--model",
            _folder.At("model"),
            "--threads",
            "1"
        );
        Assert.Equal("", session.Error);
        Assert.Equal(0, session.ExitCode);
        var lines = session.Out.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal(["", ""], [lines[1], lines[3]]);
    }

    [Fact]
    public async Task Translate_WithAttention_DrawsTheFirstSentenceAndTranslatesAll()
    {
        var session = await Session.WithInputAsync(
            "\n3. Mai 2021\n4. Mai 2021\n",
            "translate",
            "--model",
            _folder.At("model"),
            "--threads",
            "1",
            "--attention",
            _folder.At("out.svg")
        );
        Assert.Equal(0, session.ExitCode);
        Assert.Equal(4, session.Out.Split('\n').Length);
        var drawing = await File.ReadAllTextAsync(_folder.At("out.svg"));
        Assert.Contains("<title>Attention: 3. Mai 2021</title>", drawing, StringComparison.Ordinal);
        Assert.Contains("layer 1, head 2", drawing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translate_WithAttentionOfALayer_DrawsThatOneAlone()
    {
        var session = await DrawAsync("1");
        Assert.Equal(0, session.ExitCode);
        var drawing = await File.ReadAllTextAsync(_folder.At("layer.svg"));
        Assert.Contains("layer 1, head 1", drawing, StringComparison.Ordinal);
        Assert.DoesNotContain("layer 2", drawing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "--attention-layer 0: must be at least 1")]
    [InlineData("9", "--attention-layer 9: the model's last layer is ")]
    public async Task Translate_WithAttentionOfALayerThatIsNot_SaysWhichThereAre(string layer, string error)
    {
        var session = await DrawAsync(layer);
        Assert.Equal(2, session.ExitCode);
        Assert.Contains(error, session.Error, StringComparison.Ordinal);
        Assert.Equal("", session.Out);
    }

    private Task<Session> DrawAsync(string layer) =>
        Session.WithInputAsync(
            "3. Mai 2021\n",
            "translate",
            "--model",
            _folder.At("model"),
            "--threads",
            "1",
            "--attention",
            _folder.At("layer.svg"),
            "--attention-layer",
            layer
        );

    [Fact]
    public async Task Translate_SentenceOfTenThousandWords_SaysThatItIsCut()
    {
        var input = $"3. Mai 2021\n{string.Join(' ', Enumerable.Repeat("Mai", 10_000))}\n";
        var session = await Session.WithInputAsync(input, "translate", "--model", _folder.At("model"), "--beam", "1", "--threads", "1");
        Assert.Equal(0, session.ExitCode);
        Assert.Contains("line 2: longer than", session.Error, StringComparison.Ordinal);
        Assert.Equal(3, session.Out.Split('\n').Length);
    }

    [Fact]
    public async Task Translate_NotUtf8_TranslatesWhatCameBeforeAndNamesTheLine()
    {
        var session = await Session.WithInputAsync(
            [(byte)'a', (byte)'\n', 0xff, (byte)'\n'],
            "translate",
            "--model",
            _folder.At("model"),
            "--threads",
            "1"
        );
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("line 2", session.Error, StringComparison.Ordinal);
        Assert.Equal(2, session.Out.Split('\n').Length);
    }

    [Fact]
    public async Task Translate_ModelOfAnotherVersion_SaysWhich()
    {
        var manifest = _folder.At("model/manifest.json");
        var json = JsonNode.Parse(await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken))!;
        json["format_version"] = 99;
        await File.WriteAllTextAsync(manifest, json.ToJsonString(), TestContext.Current.CancellationToken);
        var session = await Session.WithInputAsync("a\n", "translate", "--model", _folder.At("model"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("99", session.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--beam", "0")]
    [InlineData("--beam", "65")]
    [InlineData("--length-penalty", "-0.1")]
    [InlineData("--length-penalty", "5.1")]
    public async Task Translate_SearchOptionOutOfRange_IsRefused(string option, string value)
    {
        var session = await Session.WithInputAsync("a\n", "translate", "--model", _folder.At("model"), option, value);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"{option} {value}", session.Error, StringComparison.Ordinal);
    }
}
