using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Times of the queue as the pages need them.</summary>
internal static class QueueTimes
{
    /// <summary>Since when a job waits; null: it does not.</summary>
    public static DateTimeOffset? Since(QueuedJob job) => job.QueueTime?.ToDateTimeOffset();
}
