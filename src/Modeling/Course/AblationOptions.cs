namespace TrainingCluster.Modeling.Course;

/// <summary>What an <see cref="AblatedTransformer"/> has, and what is taken away from it.</summary>
public sealed record AblationOptions
{
    /// <summary>D, features; default 32.</summary>
    public int Width { get; init; } = 32;

    /// <summary>H; divides D, default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Whether scores are divided by √(D/H); default true.</summary>
    public bool Scaled { get; init; } = true;

    /// <summary>Whether the decoder's self-attention is masked, so that no token sees those after it; default true.</summary>
    public bool Causal { get; init; } = true;
}
