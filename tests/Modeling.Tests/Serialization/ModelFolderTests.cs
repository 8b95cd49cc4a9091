using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tests.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Serialization;

public sealed class ModelFolderTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Load_WhatSaveSaved_GivesTheSameModel(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind);
        var written = Save(model, kind);
        var loaded = ModelFolder.Load(_folder);
        using var again = loaded.Model;
        Assert.Equal(written.WeightsSha256, loaded.Manifest.WeightsSha256);
        Assert.Equal(ModelWeights.Sha256(ModelWeights.Capture(model)), ModelWeights.Sha256(ModelWeights.Capture(again)));
        Assert.Equal(41, loaded.Manifest.Counts["steps"]);
        Assert.Equal(37.5, loaded.Manifest.Scores["bleu"]);
        Assert.False(again.training);
        var (source, lengths, input, _) = TinyModels.Batch();
        model.eval();
        Assert.Equal(
            model.Logits(source, lengths, input).data<float>().ToArray(),
            again.Logits(source, lengths, input).data<float>().ToArray()
        );
    }

    [Fact]
    public void Save_OverAnOlderModel_ReplacesIt()
    {
        using var first = TinyModels.Create("transformer", seed: 1);
        using var second = TinyModels.Create("transformer", seed: 2);
        Save(first);
        var manifest = Save(second);
        using var loaded = ModelFolder.Load(_folder).Model;
        Assert.Equal(manifest.WeightsSha256, ModelWeights.Sha256(ModelWeights.Capture(loaded)));
        Assert.Equal(
            [ModelFolder.ManifestFile, ModelFolder.WeightsFile, ModelFolder.TokenizerFile],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order()
        );
    }

    [Theory]
    [InlineData(ModelFolder.WeightsFile)]
    [InlineData(ModelFolder.TokenizerFile)]
    public void Load_DamagedFile_IsNamed(string name)
    {
        using var model = TinyModels.Create("transformer");
        Save(model);
        var bytes = File.ReadAllBytes(Path.Combine(_folder, name));
        bytes[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(_folder, name), bytes);
        var error = Assert.Throws<ModelFolderException>(() => ModelFolder.Load(_folder));
        Assert.Contains(name + " is damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MissingFile_IsNamed()
    {
        using var model = TinyModels.Create("transformer");
        Save(model);
        File.Delete(Path.Combine(_folder, ModelFolder.WeightsFile));
        var error = Assert.Throws<ModelFolderException>(() => ModelFolder.Load(_folder));
        Assert.Contains(ModelFolder.WeightsFile + " is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AnotherFormatVersion_NamesBoth()
    {
        using var model = TinyModels.Create("transformer");
        Save(model);
        var path = Path.Combine(_folder, ModelFolder.ManifestFile);
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        manifest["format_version"] = 99;
        File.WriteAllText(path, manifest.ToJsonString());
        var error = Assert.Throws<ModelFolderException>(() => ModelFolder.Load(_folder));
        Assert.Contains("format version 99; this program reads version 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "There is no folder")]
    [InlineData("", "holds no model")]
    [InlineData("{", "is damaged")]
    [InlineData("[]", "is damaged")]
    [InlineData("""{"format_version":1}""", "is damaged")]
    public void Load_NoModel_SaysSo(string? manifest, string why)
    {
        if (manifest is not null)
        {
            Directory.CreateDirectory(_folder);
        }
        if (!string.IsNullOrEmpty(manifest))
        {
            File.WriteAllText(Path.Combine(_folder, ModelFolder.ManifestFile), manifest);
        }
        var error = Assert.Throws<ModelFolderException>(() => ModelFolder.Load(_folder));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SpecificationOfAnotherShape_SaysWhatDoesNotFit()
    {
        using var model = TinyModels.Create("transformer");
        Save(model, change: spec => spec["feedForward"] = 99);
        var error = Assert.Throws<ModelFolderException>(() => ModelFolder.Load(_folder));
        Assert.Contains("linear1", error.Message, StringComparison.Ordinal);
    }

    private ModelManifest Save(SequenceToSequenceModel model, string kind = "transformer", Action<JsonObject>? change = null)
    {
        var spec = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["kind"] = kind,
                ["dModel"] = 32,
                ["heads"] = 4,
                ["layers"] = 2,
                ["feedForward"] = 64,
                ["dropout"] = 0,
            },
        };
        change?.Invoke((JsonObject)spec["model"]!);
        return ModelFolder.Save(
            _folder,
            model,
            "{}"u8.ToArray(),
            new ModelManifest
            {
                Specification = spec,
                VocabularySize = TinyModels.Vocabulary,
                Counts = new Dictionary<string, long> { ["steps"] = 41 },
                Scores = new Dictionary<string, double> { ["bleu"] = 37.5 },
            }
        );
    }
}
