namespace TrainingCluster.Modeling.Course;

/// <summary>How <see cref="ToyTrainer"/> trains.</summary>
public sealed record ToyTrainingOptions
{
    /// <summary>Updates; at least 0, default 432.</summary>
    public int Steps { get; init; } = 432;

    /// <summary>Sequences of a step; at least 1, default 32.</summary>
    public int Rows { get; init; } = 32;

    /// <summary>Adam's rate; above 0, default 0.005.</summary>
    public double LearningRate { get; init; } = 0.005;

    /// <summary>A longer gradient is cut to this norm; above 0, default 1.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>What sequences and dropout are drawn from; default 1. It becomes the seed of the process.</summary>
    public ulong Seed { get; init; } = 1;
}
