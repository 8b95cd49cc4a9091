namespace TrainingCluster.Lessons;

/// <summary>A question with a number for an answer, which the lesson computes.</summary>
/// <param name="Answer">Computes the right answer.</param>
/// <param name="Hint">Said after a wrong answer: what to compute, not the number.</param>
/// <param name="Tolerance">How far a right answer may lie from the computed one: half a unit of the last digit asked for, and more.</param>
public sealed record Exercise(Func<double> Answer, string Hint, double Tolerance = 0.011);
