using System.Text.Json;

namespace TrainingCluster.Hosting;

/// <summary>What a program tells whoever started it once everything listens.</summary>
/// <param name="Grpc">http://host:port of its gRPC services.</param>
/// <param name="Http">http://host:port of metrics and health.</param>
/// <param name="Cluster">host:port of its actors.</param>
/// <param name="Pid">Its process.</param>
public sealed record ReadyFile(string Grpc, string Http, string Cluster, int Pid)
{
    private static readonly JsonSerializerOptions s_strict = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes the file whole or not at all: a reader never sees half of it.</summary>
    public void Write(string path)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = $"{full}.{Pid}.tmp";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web));
        File.Move(temporary, full, overwrite: true);
    }

    /// <summary>Reads the file. Null: it is not there yet.</summary>
    /// <exception cref="InvalidDataException">It is something else: another program writes to the same path.</exception>
    public static async Task<ReadyFile?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            await using var stream = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<ReadyFile>(stream, s_strict, cancellationToken)
                ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path} does not say where a program listens: {e.Message} Give --ready-file a path of its own.",
                e
            );
        }
    }
}
