using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Models;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>What a model folder says of itself: <c>manifest.json</c>.</summary>
public sealed record ModelManifest
{
    /// <summary>The version of the layout that this program writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>The layout's version.</summary>
    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>Kind and shape of the model, as the specification says.</summary>
    /// <exception cref="ArgumentException">It says what cannot be.</exception>
    internal ModelOptions ReadOptions()
    {
        try
        {
            return ModelOptions.FromJson(Specification["model"] as JsonObject ?? []);
        }
        catch (InvalidOperationException error)
        {
            // JSON is taken apart when it is asked for.
            throw new ArgumentException($"Its specification is damaged: {error.Message}", error);
        }
    }

    /// <summary>The job's specification, every field filled in, in protobuf's JSON form.</summary>
    public required JsonObject Specification { get; init; }

    /// <summary>V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Numbers such as steps, epochs, target_tokens and parameters.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new SortedDictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Scores such as bleu and loss.</summary>
    public IReadOnlyDictionary<string, double> Scores { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>SHA-256 (hexadecimal) over the weights' bytes in the order of their names. Filled in when saving.</summary>
    public string WeightsSha256 { get; init; } = "";

    /// <summary>SHA-256 (hexadecimal) of each other file of the folder, by name. Filled in when saving.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);
}
