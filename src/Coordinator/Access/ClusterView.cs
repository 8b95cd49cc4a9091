using TrainingCluster.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Access;

/// <summary>The cluster as a caller may see it: all workers, and which jobs of its namespace they work for.</summary>
internal static class ClusterView
{
    /// <summary>Stands for a job of a namespace that is none of the caller's business.</summary>
    public const string OtherJob = "(another namespace)";

    public static async Task<ClusterStatus> ForAsync(
        Caller caller,
        IJobControl control,
        JobStore store,
        CancellationToken cancellationToken
    )
    {
        var status = await control.ClusterAsync(cancellationToken);
        if (caller.Confinement is null)
        {
            return status;
        }
        // The actors answer each question with a message of its own: it may be changed.
        foreach (var jobs in status.Workers.Where(worker => worker.JobId.Length > 0).GroupBy(worker => worker.JobId).ToList())
        {
            if (await store.NamespaceAsync(jobs.Key) is not { } name || !caller.Covers(name))
            {
                foreach (var worker in jobs)
                {
                    worker.JobId = OtherJob;
                }
            }
        }
        return status;
    }
}
