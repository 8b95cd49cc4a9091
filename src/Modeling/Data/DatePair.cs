namespace TrainingCluster.Modeling.Data;

/// <summary>A date as people write it, and the same date in ISO 8601.</summary>
/// <param name="Source">"Wed, March 3rd, 2021", "3. März 2021", "二〇二一年三月三日" and the like.</param>
/// <param name="Target">"2021-03-03".</param>
public sealed record DatePair(string Source, string Target);
