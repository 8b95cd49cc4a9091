using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Modeling.Course;

/// <summary>A head of a trained model and where it looks.</summary>
/// <param name="Map">Its weights for the letters <c>abcdef…</c>.</param>
/// <param name="Shares">Weight on each of <see cref="LearnedHeads.Places"/>, as a mean over many sequences.</param>
public sealed record LearnedHead(AttentionMap Map, IReadOnlyList<double> Shares);
