namespace TrainingCluster.Chaos;

/// <summary>What a run is to do.</summary>
internal sealed record ChaosOptions
{
    /// <summary>Workers. 1 to <see cref="ChaosRecipe.LogicalShards"/>.</summary>
    public required int Workers { get; init; }

    /// <summary>What may be done to them. At least one.</summary>
    public required IReadOnlyList<FaultKind> Faults { get; init; }

    /// <summary>How many faults. At least 1.</summary>
    public required int Rounds { get; init; }

    /// <summary>The faults, the text and the job draw from it.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Steps of the job, which is submitted again until all faults are done.</summary>
    public required int Steps { get; init; }

    /// <summary>The job trains by DiLoCo with rounds of so many steps. 0: gradients are exchanged in every step.</summary>
    public int InnerSteps { get; init; }

    /// <summary>Whether the jobs that are disturbed share out the optimizer's state; the undisturbed one does not.</summary>
    public bool OptimizerSharding { get; init; }

    /// <summary>Folder of certificates and tokens, as <c>certs</c> makes it. Null: no TLS.</summary>
    public string? Tls { get; init; }

    /// <summary>
    /// A fault begins so long after the one before it began, or when that one is over. Null: at moments drawn from the seed.
    /// </summary>
    public TimeSpan? Every { get; init; }

    /// <summary>Where the processes keep their files and logs. Null: a temporary folder, which stays only where the run fails.</summary>
    public string? Folder { get; init; }
}
