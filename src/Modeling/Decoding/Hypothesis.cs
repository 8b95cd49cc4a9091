namespace TrainingCluster.Modeling.Decoding;

/// <summary>A sentence that a search has found.</summary>
/// <param name="Tokens">Without the end-of-sequence token.</param>
/// <param name="LogProbability">Nats, of all tokens; the end included where it was reached.</param>
/// <param name="Score">The log-probability divided by lengthᵅ: what hypotheses are compared by.</param>
/// <param name="Ended">False where the length limit cut it off.</param>
public sealed record Hypothesis(IReadOnlyList<int> Tokens, double LogProbability, double Score, bool Ended);
