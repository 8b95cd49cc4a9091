using System.Security.Cryptography;
using System.Text.Json;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Worker.State;

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

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>Writes one of several equal parts of a checkpoint; put together in order they are the whole files, to the byte.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="layout">Where each parameter lies.</param>
    /// <param name="snapshot">The state.</param>
    /// <param name="part">Which part, from 0; the first holds the counters.</param>
    /// <param name="parts">How many there are; 1: this is the whole.</param>
    public static void Write(string folder, FlatLayout layout, StateSnapshot snapshot, int part = 0, int parts = 1)
    {
        var pieces = Safetensors.Pieces(snapshot.Tensors(layout));
        var length = pieces.Sum(piece => (long)piece.Length);
        using (
            var file = new FileStream(
                Path.Combine(folder, TensorsFile),
                FileMode.Create,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 1 << 16
            )
        )
        {
            Write(file, pieces, length * part / parts, length * (part + 1) / parts);
        }
        if (part > 0)
        {
            return;
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var piece in pieces)
        {
            hash.AppendData(piece.Span);
        }
        var fields = new Fields(
            FormatVersion,
            Convert.ToHexStringLower(hash.GetHashAndReset()),
            JsonDocument.Parse(snapshot.Progress.ToJson()).RootElement
        );
        File.WriteAllBytes(Path.Combine(folder, CountersFile), JsonSerializer.SerializeToUtf8Bytes(fields, s_json));
    }

    private static void Write(Stream to, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long from, long end)
    {
        var at = 0L;
        foreach (var piece in pieces)
        {
            var (first, last) = ((int)Math.Clamp(from - at, 0, piece.Length), (int)Math.Clamp(end - at, 0, piece.Length));
            if (first < last)
            {
                to.Write(piece.Span[first..last]);
            }
            at += piece.Length;
        }
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
            {
                throw new InvalidDataException($"The checkpoint has no {Path.GetFileName(path)}.");
            }
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
        {
            throw new InvalidDataException(
                $"The checkpoint is of format version {fields.FormatVersion}; this program reads {FormatVersion}."
            );
        }
        if (Hash(tensors) != fields.TensorsSha256)
        {
            throw new InvalidDataException($"The checkpoint's {TensorsFile} is damaged: its SHA-256 is another.");
        }
        var progress = TrainingProgress.FromJson(JsonSerializer.SerializeToUtf8Bytes(fields.Progress));
        using var file = Safetensors.Open(tensors);
        var names = file.Entries.Select(entry => entry.Name.Split('/')[0]).Distinct().ToList();
        foreach (var section in state.PrepareSections(names))
        {
            foreach (var tensor in StateSnapshot.Tensors(state.Parameters.Layout, section.Values, $"{section.Name}/"))
            {
                file.Read(tensor.Name, System.Runtime.InteropServices.MemoryMarshal.AsMemory(tensor.Bytes).Span);
            }
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
