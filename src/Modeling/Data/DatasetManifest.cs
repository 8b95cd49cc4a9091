using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrainingCluster.Modeling.Data;

/// <summary>What a dataset folder holds: counts, checksums and the fingerprint that names the content.</summary>
public sealed record DatasetManifest
{
    /// <summary>The version of the folder's form that this program writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>The manifest's name inside the folder.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Version of the folder's form.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>SHA-256, in hexadecimal, over the names and checksums of all files: equal content, equal fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Size of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Sentences longer than this many tokens were left out.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>What became of the training text.</summary>
    public required TextCounts Train { get; init; }

    /// <summary>What became of the validation text.</summary>
    public required TextCounts Validation { get; init; }

    /// <summary>True: the validation pairs were held out of the training text.</summary>
    public required bool HeldOut { get; init; }

    /// <summary>The files beside the manifest, by name.</summary>
    public required SortedDictionary<string, DatasetFile> Files { get; init; }

    /// <summary>Reads the manifest of a dataset folder, and no other file.</summary>
    /// <exception cref="DatasetException">It is missing, damaged or of another version.</exception>
    public static DatasetManifest Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new DatasetException($"{folder} is no dataset folder: it has no {FileName}.");
        }
        try
        {
            var bytes = File.ReadAllBytes(path);
            using (var document = JsonDocument.Parse(bytes))
            {
                // The version first: the rest of another version's manifest need not parse.
                var version = document.RootElement.GetProperty("formatVersion").GetInt32();
                if (version != CurrentFormatVersion)
                {
                    throw new DatasetException(
                        $"{path}: format version {version}, but this program reads version {CurrentFormatVersion}. Prepare the "
                            + "dataset again with this program."
                    );
                }
            }
            var manifest = JsonSerializer.Deserialize<DatasetManifest>(bytes, s_json) ?? throw new JsonException("it is null.");
            if (manifest.Files.Values.Any(file => file is null) || manifest.Fingerprint != FingerprintOf(manifest.Files))
            {
                throw new DatasetException(
                    $"{path} is damaged: its fingerprint does not fit its checksums. Prepare or fetch the dataset again."
                );
            }
            return manifest;
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DatasetException($"{path} is damaged: {exception.Message} Prepare or fetch the dataset again.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes the manifest into <paramref name="folder"/>.</summary>
    public void Save(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, s_json) + "\n");

    internal static string FingerprintOf(SortedDictionary<string, DatasetFile> files)
    {
        var text = new StringBuilder($"dataset {CurrentFormatVersion}\n");
        foreach (var (name, file) in files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(name).Append(' ').Append(file.Bytes).Append(' ').Append(file.Sha256).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
