using System.Text.Json;
using TrainingCluster.Coordinator.Files;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>What a checkpoint folder must hold, written beside its files.</summary>
/// <param name="FormatVersion">Of this record.</param>
/// <param name="JobId">The job.</param>
/// <param name="Generation">In which it was taken.</param>
/// <param name="Step">The step after which it was taken.</param>
/// <param name="Best">The best weights by validation score so far.</param>
/// <param name="Files">Sizes and checksums.</param>
public sealed record CheckpointManifest(int FormatVersion, string JobId, long Generation, long Step, bool Best, IReadOnlyList<ReceivedFile> Files)
{
    /// <summary>Its name inside the folder.</summary>
    public const string FileName = "checkpoint.json";

    /// <summary>The version that this program writes and reads.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>As bytes of the file.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads a folder's manifest; what is wrong with it comes as text.</summary>
    public static (CheckpointManifest? Manifest, string Problem) Load(string folder)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllBytes(Path.Combine(folder, FileName)), Json);
            if (manifest?.Files is null) return (null, $"{FileName} is empty");
            return manifest.FormatVersion == CurrentVersion
                ? (manifest, "")
                : (null, $"{FileName} is of version {manifest.FormatVersion}, this program reads version {CurrentVersion}");
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

    /// <summary>Reads every file and holds it against its checksum. Null: all are whole; else what is wrong.</summary>
    public async Task<string?> Verify(string folder, CancellationToken cancel)
    {
        foreach (var file in Files)
        {
            var path = Path.Combine(folder, file.Path);
            if (!File.Exists(path)) return $"{file.Path} is missing";
            if (new FileInfo(path).Length is var length && length != file.Bytes) return $"{file.Path} has {length} bytes, {file.Bytes} were stored";
            if (await FolderReader.Sha256(path, cancel) != file.Sha256) return $"{file.Path} does not have the checksum it was stored with";
        }
        return null;
    }
}
