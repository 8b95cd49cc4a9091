using System.Text.Json;
using TrainingCluster.Files;

namespace TrainingCluster.Checkpoints;

/// <summary>What a checkpoint folder must hold, written beside its files.</summary>
/// <param name="FormatVersion">Of this record.</param>
/// <param name="JobId">The job.</param>
/// <param name="Generation">In which it was taken.</param>
/// <param name="Step">The step after which it was taken.</param>
/// <param name="Best">The best weights by validation score so far.</param>
/// <param name="Files">Sizes and checksums.</param>
/// <param name="Epoch">The epoch of the step, from 0; null: an older program did not tell.</param>
public sealed record CheckpointManifest(
    int FormatVersion,
    string JobId,
    long Generation,
    long Step,
    bool Best,
    IReadOnlyList<StoredFile> Files,
    int? Epoch = null
)
{
    /// <summary>Its name inside the folder.</summary>
    public const string FileName = "checkpoint.json";

    /// <summary>The training state, which every checkpoint has.</summary>
    public const string StateFile = "state.safetensors";

    /// <summary>Bits that flipped do not show in a listing: who finds them leaves a note of this name in the folder.</summary>
    public const string DamagedMark = "damaged.txt";

    /// <summary>The version that this program writes and reads.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Bytes of all files. Null: more than there can be.</summary>
    private long? TotalBytes => Files.Aggregate((long?)0, (sum, file) => file.Bytes <= long.MaxValue - sum ? sum + file.Bytes : null);

    /// <summary>As bytes of the file.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>Reads a folder's manifest; what is wrong with it comes as text.</summary>
    public static (CheckpointManifest? Manifest, string Problem) Load(string folder)
    {
        try
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, FileName));
            // First: another version may have other fields.
            if (JsonSerializer.Deserialize<Versioned>(bytes, s_json) is not { } versioned)
            {
                return (null, $"{FileName} is empty");
            }
            if (versioned.FormatVersion != CurrentVersion)
            {
                return (null, $"{FileName} is of version {versioned.FormatVersion}, this program reads version {CurrentVersion}");
            }
            var manifest = JsonSerializer.Deserialize<CheckpointManifest>(bytes, s_json)!;
            // No name from a file becomes a path that leads out of its folder.
            return manifest.Files.All(file => file is { Bytes: >= 0 } && RelativePath.IsSafe(file.Path)) && manifest.TotalBytes is not null
                ? (manifest, "")
                : (null, $"{FileName} lists files that cannot be");
        }
        catch (FileNotFoundException)
        {
            return (null, $"{FileName} is missing");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return (null, $"{FileName} cannot be read: {e.Message}");
        }
    }

    /// <summary>What is wrong with a checkpoint's folder, as far as it shows without reading every byte. Empty: nothing.</summary>
    public static (CheckpointManifest? Manifest, string Problem) Look(string folder)
    {
        var (manifest, problem) = Load(folder);
        if (manifest is not null)
        {
            problem = manifest.Files.Select(f => f.Look(folder)).FirstOrDefault(p => p is not null) ?? Mark(folder) ?? "";
        }
        return (manifest, problem);
    }

    /// <summary>Reads every file and holds it against its checksum. An empty problem: all are whole.</summary>
    public static async Task<(CheckpointManifest? Manifest, string Problem)> VerifyAsync(string folder, CancellationToken cancellationToken)
    {
        var (manifest, problem) = Load(folder);
        foreach (var file in manifest?.Files ?? [])
        {
            if (await ProblemAsync(folder, file, cancellationToken) is { } wrong)
            {
                return (manifest, wrong);
            }
        }
        return (manifest, problem);
    }

    private static async Task<string?> ProblemAsync(string folder, StoredFile file, CancellationToken cancellationToken)
    {
        if (file.Look(folder) is { } wrong)
        {
            return wrong;
        }
        try
        {
            return await StoredFile.Sha256OfAsync(Path.Combine(folder, file.Path), cancellationToken) == file.Sha256
                ? null
                : $"{file.Path} does not have the checksum it was stored with";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Of a disk that cannot give it back, the checkpoint before is worth more than an error.
            return $"{file.Path} cannot be read: {e.Message}";
        }
    }

    /// <summary>What was found wrong with a checkpoint before; null: it is not marked.</summary>
    public static string? Mark(string folder) =>
        Path.Combine(folder, DamagedMark) is var mark && File.Exists(mark) ? File.ReadAllText(mark) : null;

    private sealed record Versioned(int FormatVersion);
}
