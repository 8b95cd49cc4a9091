using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>One job of a run, at its end.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">How it ended.</param>
/// <param name="Reason">Why.</param>
/// <param name="WeightsSha256">Its final weights.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Generations">Generations called: every change of the group makes one.</param>
/// <param name="Seconds">From its creation to its end.</param>
public sealed record JobRun(string Id, JobState State, string Reason, string WeightsSha256, long Steps, long Generations, double Seconds);
