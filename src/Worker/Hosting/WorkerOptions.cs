using TrainingCluster.Hosting;

namespace TrainingCluster.Worker.Hosting;

/// <summary>What the command line says.</summary>
public sealed record WorkerOptions : ProcessOptions
{
    /// <summary>host:port of the coordinator's actors.</summary>
    public required string Coordinator { get; init; }

    /// <summary>Folder of datasets; made where it is missing.</summary>
    public required string Data { get; init; }

    /// <summary>Unique name; null: made of the machine's name and the process id.</summary>
    public string? Name { get; init; }

    /// <summary>Port of the actors. 0 (default): any.</summary>
    public int ClusterPort { get; init; }

    /// <summary>"cpu" (default) or "cuda:0".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether gradients go to workers on this machine through shared memory where that is possible. Default true.</summary>
    public bool SharedMemory { get; init; } = true;

    /// <summary>Whether gradients take TCP connections of their own to workers that do not share memory. Default true.</summary>
    public bool DataConnections { get; init; } = true;

    /// <summary>Whether a text names a host and a port.</summary>
    public static bool IsHostPort(string? text) =>
        text is not null
        && text.LastIndexOf(':') is > 0 and var colon
        && int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port)
        && port is > 0 and <= 65535;
}
