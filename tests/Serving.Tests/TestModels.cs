using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;

namespace TrainingCluster.Serving.Tests;

/// <summary>Models to serve.</summary>
internal static class TestModels
{
    /// <summary>The small model of dates, which has learned something.</summary>
    public static string Dates { get; } = Repository.At("examples", "attention", "models", "dates");

    /// <summary>Saves a tiny model with random weights and the vocabulary of the dates.</summary>
    /// <returns>Its hash.</returns>
    public static string Save(string folder, ulong seed)
    {
        var dates = ModelFolder.ReadManifest(Dates);
        var options = new TransformerOptions
        {
            Width = 16,
            Heads = 2,
            Layers = 1,
            FeedForward = 16,
        };
        using var model = ModelFactory.Create(options, dates.VocabularySize, seed);
        var shape = new JsonObject
        {
            ["kind"] = "transformer",
            ["dModel"] = 16,
            ["heads"] = 2,
            ["layers"] = 1,
            ["feedForward"] = 16,
        };
        return ModelFolder
            .Save(
                folder,
                model,
                File.ReadAllBytes(Path.Combine(Dates, ModelFolder.TokenizerFile)),
                new ModelManifest
                {
                    Specification = new JsonObject { ["model"] = shape },
                    VocabularySize = dates.VocabularySize,
                }
            )
            .WeightsSha256;
    }

    /// <summary>Changes a byte in the middle of a file.</summary>
    public static void Damage(string folder, string file)
    {
        using var stream = new FileStream(Path.Combine(folder, file), FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        var old = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)~old);
    }
}
