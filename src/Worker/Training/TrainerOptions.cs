namespace TrainingCluster.Worker.Training;

/// <summary>What a worker's trainer must know of its process.</summary>
public sealed record TrainerOptions
{
    /// <summary>The worker's name, by which generations list it.</summary>
    public required string WorkerId { get; init; }

    /// <summary>New at each start of the process.</summary>
    public required string Incarnation { get; init; }

    /// <summary>Downloaded datasets and temporary files stand below this folder; made when it is not there.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Where to compute: "cpu" (default) or "cuda:0" and the like.</summary>
    public string Device { get; init; } = "cpu";
}
