using System.Text.Json;

namespace TrainingCluster.Cli.Local;

/// <summary>What a program writes to its <c>--ready-file</c> once everything listens.</summary>
/// <param name="Grpc">gRPC: <c>http://host:port</c>.</param>
/// <param name="Http">Metrics and health: <c>http://host:port</c>.</param>
/// <param name="Cluster">The actors' address: <c>host:port</c>.</param>
/// <param name="Pid">The process.</param>
public sealed record ReadyFile(string Grpc, string Http, string Cluster, int Pid)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Reads the file. Null: it is not there yet (it appears whole, by renaming).</summary>
    public static async Task<ReadyFile?> TryReadAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return null;
        await using var stream = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<ReadyFile>(stream, s_json, cancellation);
    }
}
