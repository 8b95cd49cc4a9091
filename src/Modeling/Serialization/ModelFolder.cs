using System.Security.Cryptography;
using System.Text.Json;
using TrainingCluster.Modeling.Models;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>A trained model on disk: <c>model.safetensors</c>, <c>tokenizer.json</c> and <c>manifest.json</c>.</summary>
public static class ModelFolder
{
    /// <summary>The weights, sorted by name, named as <c>docs/pytorch.md</c> says.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The vocabulary, as Hugging Face's tokenizers read it.</summary>
    public const string TokenizerFile = "tokenizer.json";

    /// <summary>What the folder holds, written last: a folder with one is whole.</summary>
    public const string ManifestFile = "manifest.json";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>Saves a model; files of an older model in the folder are replaced.</summary>
    /// <param name="folder">Made when it is not there.</param>
    /// <param name="model">Its parameters are saved.</param>
    /// <param name="tokenizerJson">The content of <see cref="TokenizerFile"/>.</param>
    /// <param name="manifest">The hashes are filled in here.</param>
    /// <returns>The manifest as written.</returns>
    public static ModelManifest Save(
        string folder,
        SequenceToSequenceModel model,
        ReadOnlyMemory<byte> tokenizerJson,
        ModelManifest manifest
    ) => Save(folder, ModelWeights.Capture(model), tokenizerJson, manifest);

    /// <summary>The same from weights that were captured before.</summary>
    public static ModelManifest Save(
        string folder,
        IReadOnlyList<NamedTensor> weights,
        ReadOnlyMemory<byte> tokenizerJson,
        ModelManifest manifest
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(manifest);
        var sorted = weights.OrderBy(weight => weight.Name, StringComparer.Ordinal).ToList();
        Directory.CreateDirectory(folder);
        // Without its manifest the folder counts as no model until all is written.
        File.Delete(Path.Combine(folder, ManifestFile));
        Replace(folder, WeightsFile, path => Safetensors.Write(path, sorted, new Dictionary<string, string> { ["format"] = "pt" }));
        Replace(folder, TokenizerFile, path => WriteSynced(path, tokenizerJson.Span));
        manifest = manifest with
        {
            FormatVersion = ModelManifest.CurrentFormatVersion,
            WeightsSha256 = ModelWeights.Sha256(sorted),
            Files = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                [WeightsFile] = HashFile(Path.Combine(folder, WeightsFile)),
                [TokenizerFile] = HashFile(Path.Combine(folder, TokenizerFile)),
            },
        };
        Replace(folder, ManifestFile, path => WriteSynced(path, [.. JsonSerializer.SerializeToUtf8Bytes(manifest, s_json), (byte)'\n']));
        return manifest;
    }

    /// <summary>Reads the manifest alone.</summary>
    /// <exception cref="ModelFolderException">There is no model, or one of another version; the message says what to do.</exception>
    public static ModelManifest ReadManifest(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            throw new ModelFolderException($"There is no folder {folder}: give the folder that training has left.");
        }
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
        {
            throw new ModelFolderException($"{folder} holds no model: it has no {ManifestFile}. Give the folder that training has left.");
        }
        try
        {
            var bytes = File.ReadAllBytes(path);
            using (var document = JsonDocument.Parse(bytes))
            {
                var version = document.RootElement.GetProperty("format_version").GetInt32();
                if (version != ModelManifest.CurrentFormatVersion)
                {
                    throw new ModelFolderException(
                        $"{folder} holds a model of format version {version}; this program reads version "
                            + $"{ModelManifest.CurrentFormatVersion}. Use the program's version that made it, or train again."
                    );
                }
            }
            return JsonSerializer.Deserialize<ModelManifest>(bytes, s_json) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ModelFolderException($"{path} is damaged: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFolderException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Loads a model in evaluation mode, after checking every file against the manifest.</summary>
    /// <exception cref="ModelFolderException">A file is missing, damaged or of another version; the message names it.</exception>
    public static LoadedModel Load(string folder)
    {
        var manifest = ReadManifest(folder);
        foreach (var name in manifest.Files.Keys.Concat([WeightsFile, TokenizerFile]).Distinct())
        {
            // A name that leads elsewhere may name a device that has no end.
            if (!manifest.Files.TryGetValue(name, out var hash) || Path.GetFileName(name) != name)
            {
                throw new ModelFolderException($"{ManifestFile} in {folder} is damaged: '{name}' is not as it lists files.");
            }
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new ModelFolderException($"{path} is missing: copy the whole folder again.");
            }
            if (HashFile(path) != hash)
            {
                throw new ModelFolderException(
                    $"{path} is damaged: its SHA-256 is not the one in {ManifestFile}. Copy the whole folder again."
                );
            }
        }
        SequenceToSequenceModel? model = null;
        try
        {
            var options = manifest.ReadOptions();
            using var file = Safetensors.Open(Path.Combine(folder, WeightsFile));
            RequireRoom(options, manifest.VocabularySize, file);
            model = ModelFactory.Create(options, manifest.VocabularySize, seed: 0);
            ModelWeights.Restore(model, file);
            model.eval();
            return new LoadedModel(model, manifest, Path.Combine(folder, TokenizerFile));
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentException or FileNotFoundException)
        {
            model?.Dispose();
            throw new ModelFolderException($"{folder} does not hold a model that this program can load: {error.Message}", error);
        }
    }

    /// <summary>Before a model is built by what the manifest says: the weights must be able to hold one of that size.</summary>
    private static void RequireRoom(ModelOptions options, int vocabularySize, SafetensorsFile file)
    {
        var (tensors, parameters) = options.AtLeast(vocabularySize);
        var held = file.Entries.Sum(entry => entry.Length) / sizeof(float);
        if (vocabularySize < 1 || tensors > file.Entries.Count || parameters > held)
        {
            throw new InvalidDataException(
                $"{ManifestFile} speaks of a vocabulary of {vocabularySize} and of a model with {parameters:0} parameters or more, where "
                    + $"{WeightsFile} holds {held}."
            );
        }
    }

    private static void Replace(string folder, string name, Action<string> write)
    {
        var (temporary, path) = (Path.Combine(folder, name + ".partial"), Path.Combine(folder, name));
        try
        {
            write(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteSynced(string path, ReadOnlySpan<byte> bytes)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    private static string HashFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

/// <summary>A model from a folder.</summary>
/// <param name="Model">In evaluation mode, on the CPU.</param>
/// <param name="Manifest">As written beside it.</param>
/// <param name="TokenizerPath">The verified <c>tokenizer.json</c>.</param>
public sealed record LoadedModel(SequenceToSequenceModel Model, ModelManifest Manifest, string TokenizerPath);
