namespace TrainingCluster.Worker.Hosting;

/// <summary>What the command line says.</summary>
public sealed record WorkerOptions
{
    /// <summary>host:port of the coordinator's actors.</summary>
    public required string Coordinator { get; init; }

    /// <summary>Folder of datasets; made where it is missing.</summary>
    public required string Data { get; init; }

    /// <summary>Unique name; null: made of the machine's name and the process id.</summary>
    public string? Name { get; init; }

    /// <summary>Address to listen on. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>
    /// Host that peers and the coordinator are told; null: the host, or this machine's name where it listens on all addresses.
    /// </summary>
    public string? Advertise { get; init; }

    /// <summary>Port of gRPC between workers. 0 (default): any.</summary>
    public int GrpcPort { get; init; }

    /// <summary>Port of metrics and health. 0 (default): any.</summary>
    public int HttpPort { get; init; }

    /// <summary>Port of the actors. 0 (default): any.</summary>
    public int ClusterPort { get; init; }

    /// <summary>"cpu" (default) or "cuda:0".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether gradients go to workers on this machine through shared memory where that is possible. Default true.</summary>
    public bool SharedMemory { get; init; } = true;

    /// <summary>Folder of its certificate, its key and the CAs; null: it has none.</summary>
    public string? Tls { get; init; }

    /// <summary>Whether it may listen without TLS where other machines reach it. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>File to be written once everything listens; null: none.</summary>
    public string? ReadyFile { get; init; }

    /// <summary>Process without which this one ends; null: none.</summary>
    public int? ParentPid { get; init; }

    /// <summary>What people have set of <see cref="WorkerSections"/>. Default: nothing.</summary>
    public IConfiguration Settings { get; init; } = new ConfigurationBuilder().Build();

    /// <summary>Whether a text names a host and a port.</summary>
    public static bool IsHostPort(string? text) =>
        text is not null
        && text.LastIndexOf(':') is > 0 and var colon
        && int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port)
        && port is > 0 and <= 65535;
}
