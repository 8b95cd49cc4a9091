using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Leaves out merges at random while encoding, so that a model sees one word in several cuts (Provilkov et al., 2020,
/// "BPE-Dropout"). Not thread-safe: one instance a stream of sentences.
/// </summary>
/// <param name="probability">Chance that one possible merge is passed over at one step, 0 to 1; 0.1 is usual.</param>
/// <param name="random">Where the chances come from.</param>
public sealed class BpeDropout(double probability, DeterministicRandom random)
{
    /// <summary>Chance that one possible merge is passed over at one step, 0 to 1.</summary>
    public double Probability { get; } =
        probability is >= 0 and <= 1
            ? probability
            : throw new ArgumentOutOfRangeException(nameof(probability), probability, "BPE dropout must be between 0 and 1.");

    internal bool Skips() => random.NextDouble() < Probability;
}
