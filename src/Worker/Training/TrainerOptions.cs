using TrainingCluster.Settings;

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

    /// <summary>Within this a state that is about to be lost is stored as a checkpoint: no grace period is longer as a rule.</summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan LastCheckpointTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A final model that the coordinator could not take is sent again after this, until it is stored.</summary>
    [DurationRange("10 ms", "10 min")]
    public TimeSpan ModelRetry { get; init; } = TimeSpan.FromSeconds(2);
}
