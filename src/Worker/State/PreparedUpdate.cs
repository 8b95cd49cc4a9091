using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>
/// All that the next step's update needs, before it is applied. Whoever has it comes to the same state by itself, also after the
/// group that computed it is gone.
/// </summary>
/// <param name="After">The counters after it.</param>
internal sealed record PreparedUpdate(TrainingProgress After)
{
    /// <summary>The summed gradient, which stays as it is until then; empty: only the counters change.</summary>
    public ReadOnlyMemory<float> Gradient { get; init; }

    /// <summary>What the gradient is multiplied by first.</summary>
    public double GradientScale { get; init; }

    /// <summary>Of this update.</summary>
    public double LearningRate { get; init; }

    /// <summary>Decays; null: only the counters change.</summary>
    public AdamWOptions? Options { get; init; }
}
