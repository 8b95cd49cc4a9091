namespace TrainingCluster.Cli.Local;

/// <summary>How to start a cluster on this machine.</summary>
public sealed record LocalClusterOptions
{
    /// <summary>Worker processes. At least 1.</summary>
    public required int Workers { get; init; }

    /// <summary>Where the processes keep their files, each in a folder of its own. Null: a temporary folder, removed at the end.</summary>
    public string? Folder { get; init; }

    /// <summary>The address to listen on. Default: loopback.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The coordinator's gRPC port. 0 (default): any free one.</summary>
    public int GrpcPort { get; init; }

    /// <summary>The coordinator's port for metrics, health and the page. 0 (default): any free one.</summary>
    public int HttpPort { get; init; }

    /// <summary>The coordinator's port for actors. 0 (default): any free one.</summary>
    public int ClusterPort { get; init; }

    /// <summary>Folder of certificates and tokens, as <c>certs</c> makes it. Null: no TLS.</summary>
    public string? Tls { get; init; }

    /// <summary>Whether to listen without TLS where other machines reach it.</summary>
    public bool Insecure { get; init; }

    /// <summary>Address of a server of translations, to which the page links. Null: none.</summary>
    public string? TranslateAt { get; init; }

    /// <summary>What workers compute on: "cpu" (default), "cuda:0".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The folder of libtorch for workers. Null: their own default.</summary>
    public string? Libtorch { get; init; }

    /// <summary>Arguments of all programs that say how they log. Default: none.</summary>
    public IReadOnlyList<string> Logging { get; init; } = [];

    /// <summary>How long a program may take until it listens, and the workers until the coordinator knows them all. Default: 5 min, for a
    /// machine that does much else; a program that ends instead is noticed at once.</summary>
    public TimeSpan StartWithin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long programs have to end before they are killed. Where their files are kept: as long as workers may take to store what they
    /// hold (30 s), and some more.
    /// </summary>
    public TimeSpan StopWithin => TimeSpan.FromSeconds(Folder is null ? 5 : 40);
}
