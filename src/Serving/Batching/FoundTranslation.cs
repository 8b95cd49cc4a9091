using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Serving.Batching;

/// <summary>What was found for a sentence.</summary>
/// <param name="Answers">Best first.</param>
/// <param name="Attention">Null: it was not asked for.</param>
internal sealed record FoundTranslation(IReadOnlyList<Hypothesis> Answers, AttentionRecording? Attention);
