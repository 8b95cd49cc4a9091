using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Names of causes for programs.</summary>
public static class GenerationCauses
{
    /// <summary>WorkerLost is worker_lost in a label.</summary>
    public static string ToLabel(this GenerationCause cause) =>
        string.Concat(cause.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
