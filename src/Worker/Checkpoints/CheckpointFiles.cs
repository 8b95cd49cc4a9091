using System.Security.Cryptography;
using System.Text.Json;
using TrainingCluster.Artifacts;
using TrainingCluster.Training;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// A checkpoint's files: <c>state.safetensors</c> (weights, optimizer moments, best weights; one tensor a parameter, readable with
/// stock tools) and <c>state.json</c> (counters, and the checksum of the other file).
/// </summary>
internal static class CheckpointFiles
{
    public const string TensorsFile = "state.safetensors";
    public const string CountersFile = "state.json";
    public const int FormatVersion = 1;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n" };

    public static void Write(string folder, FlatLayout layout, StateSnapshot snapshot)
    {
        var tensors = Path.Combine(folder, TensorsFile);
        Safetensors.Write(tensors, snapshot.Tensors(layout));
        var fields = new Fields(FormatVersion, Hash(tensors), JsonDocument.Parse(snapshot.Progress.ToJson()).RootElement);
        File.WriteAllBytes(Path.Combine(folder, CountersFile), JsonSerializer.SerializeToUtf8Bytes(fields, s_json));
    }

    /// <summary>Reads a checkpoint into a state.</summary>
    /// <exception cref="InvalidDataException">It is damaged, of another version or of another job.</exception>
    public static void Read(string folder, TrainingState state)
    {
        var counters = Path.Combine(folder, CountersFile);
        var tensors = Path.Combine(folder, TensorsFile);
        foreach (var path in (string[])[counters, tensors])
        {
            if (!File.Exists(path))
                throw new InvalidDataException($"The checkpoint has no {Path.GetFileName(path)}.");
        }

        Fields fields;
        try
        {
            fields = JsonSerializer.Deserialize<Fields>(File.ReadAllBytes(counters), s_json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The checkpoint's {CountersFile} is damaged: {e.Message}", e);
        }

        if (fields.FormatVersion != FormatVersion)
            throw new InvalidDataException($"The checkpoint is of format version {fields.FormatVersion}; this program reads {FormatVersion}.");
        if (Hash(tensors) != fields.TensorsSha256)
            throw new InvalidDataException($"The checkpoint's {TensorsFile} is damaged: its SHA-256 is another.");
        var progress = TrainingProgress.FromJson(JsonSerializer.SerializeToUtf8Bytes(fields.Progress));
        using var file = Safetensors.Open(tensors);
        var names = file.Entries.Select(entry => entry.Name.Split('/')[0]).Distinct().ToList();
        foreach (var section in state.PrepareSections(names))
        {
            foreach (var tensor in StateSnapshot.Tensors(state.Parameters.Layout, section.Values, $"{section.Name}/"))
                file.Read(tensor.Name, System.Runtime.InteropServices.MemoryMarshal.AsMemory(tensor.Bytes).Span);
        }

        state.Received(progress);
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private sealed record Fields(int FormatVersion, string TensorsSha256, JsonElement Progress);
}
