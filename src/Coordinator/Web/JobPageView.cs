using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>What the page of a job shows.</summary>
/// <param name="Job">The job.</param>
/// <param name="Events">Its newest events other than progress, newest first.</param>
/// <param name="Timeline">Its generations over time.</param>
/// <param name="Ledger">What each generation did.</param>
/// <param name="Checkpoints">Those on disk, newest first.</param>
/// <param name="HasModel">Whether its model can be downloaded.</param>
/// <param name="MayChange">Whether the reader may suspend, resume and cancel it.</param>
public sealed record JobPageView(
    StoredJob Job,
    IReadOnlyList<JobEvent> Events,
    GenerationTimeline Timeline,
    JobLedger Ledger,
    IReadOnlyList<CheckpointInfo> Checkpoints,
    bool HasModel,
    bool MayChange
)
{
    /// <summary>Events that a page shows at most.</summary>
    public const int MostEvents = 300;
}
