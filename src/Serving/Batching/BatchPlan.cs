namespace TrainingCluster.Serving.Batching;

/// <summary>What to do with the sentences that wait.</summary>
/// <param name="Take">Places in the queue of those to compute now; empty: none yet.</param>
/// <param name="Wait">How long to wait for more; where none are taken.</param>
internal sealed record BatchPlan(IReadOnlyList<int> Take, TimeSpan Wait);
