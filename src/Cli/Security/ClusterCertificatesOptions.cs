namespace TrainingCluster.Cli.Security;

/// <summary>What certificates to make.</summary>
internal sealed record ClusterCertificatesOptions
{
    /// <summary>Names and addresses by which others call the coordinator, besides this machine's own. Empty: those of the certificate that
    /// is there.</summary>
    public required IReadOnlyList<string> CoordinatorHosts { get; init; }

    /// <summary>The same of workers.</summary>
    public required IReadOnlyList<string> WorkerHosts { get; init; }

    /// <summary>The same of servers of translations.</summary>
    public required IReadOnlyList<string> ServingHosts { get; init; }

    /// <summary>How long certificates live.</summary>
    public required int Days { get; init; }

    /// <summary>How long a new CA lives.</summary>
    public required int CaDays { get; init; }

    /// <summary>True: a new CA, though there is one.</summary>
    public required bool NewCa { get; init; }
}
