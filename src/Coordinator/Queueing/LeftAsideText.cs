using TrainingCluster.Jobs;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Tells people of workers that a job does not get because they compute otherwise.</summary>
internal static class LeftAsideText
{
    /// <summary>Where there were enough workers if only they were alike.</summary>
    public static string WhyNone(Share share, IReadOnlyCollection<WorkerSupply> free)
    {
        if (share.Job.Arithmetic is { } began)
        {
            var otherwise = Otherwise(free, began.Fingerprint);
            return otherwise.Length == 0
                ? ""
                : $"{otherwise}. The job began with {began.ToText()}, and goes on to the bit only so: "
                    + "start a worker on a machine like those that it began on, or submit it anew";
        }
        var most = free.CountBy(w => w.Arithmetic.Fingerprint, StringComparer.Ordinal).Select(g => g.Value).DefaultIfEmpty().Max();
        return free.Count < share.Job.Least || most >= share.Job.Least
            ? ""
            : $"no {share.Job.Least} of the free workers compute alike: {AlikeWorkers.Describe(free)}. "
                + "Start more that are like some of these, or lower workers.min";
    }

    /// <summary>Which of the free workers compute otherwise; empty: none.</summary>
    public static string Otherwise(IEnumerable<WorkerSupply> free, string? kind)
    {
        var unlike = free.Where(w => !w.Computes(kind)).ToArray();
        return unlike.Length switch
        {
            0 => "",
            1 => $"1 worker computes otherwise and is left aside: {AlikeWorkers.Describe(unlike)}",
            var count => $"{count} workers compute otherwise and are left aside: {AlikeWorkers.Describe(unlike)}",
        };
    }
}
