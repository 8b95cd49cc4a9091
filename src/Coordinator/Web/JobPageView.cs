using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>What the page of a job shows.</summary>
/// <param name="Job">The job.</param>
/// <param name="Events">Its newest events other than progress and logs, newest first.</param>
/// <param name="Log">Its log, and faults.</param>
/// <param name="Timeline">Its generations over time.</param>
/// <param name="Ledger">What each generation did.</param>
/// <param name="Checkpoints">Those on disk, newest first.</param>
/// <param name="HasModel">Whether its model can be downloaded.</param>
/// <param name="MayChange">Whether the reader may suspend, resume and cancel it.</param>
public sealed record JobPageView(
    StoredJob Job,
    IReadOnlyList<JobEvent> Events,
    JobLog Log,
    GenerationTimeline Timeline,
    JobLedger Ledger,
    IReadOnlyList<CheckpointInfo> Checkpoints,
    bool HasModel,
    bool MayChange
)
{
    /// <summary>Events that a page shows at most.</summary>
    public const int MostEvents = 300;

    /// <summary>Events that are read for it, logs among them.</summary>
    public const int ReadEvents = 1000;

    /// <summary>Whether a server of translations can have a model of it: its last, or that of its newest checkpoint.</summary>
    public bool CanTranslate => HasModel || (!Job.Record.Phase.HasEnded() && Checkpoints.Any(checkpoint => checkpoint.Error.Length == 0));
}
