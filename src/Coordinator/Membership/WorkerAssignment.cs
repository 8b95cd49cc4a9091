using System.Collections.Immutable;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>A job that wants workers, for the question who gets whom.</summary>
/// <param name="Id">The job.</param>
/// <param name="Min">It does not start with fewer.</param>
/// <param name="Max">It gets no more.</param>
/// <param name="Started">It has trained before: it goes on with any number.</param>
/// <param name="Arithmetic">How its workers must compute, because its weights were computed so; null: any way, but all alike.</param>
public sealed record JobDemand(string Id, int Min, int Max, bool Started, Arithmetic? Arithmetic = null);

/// <summary>A living worker, for the question who gets whom.</summary>
/// <param name="Id">The worker.</param>
/// <param name="JobId">The job that holds it, or whose state it holds; empty: none.</param>
/// <param name="Draining">It takes no new job.</param>
/// <param name="Arithmetic">How it computes.</param>
/// <param name="Registered">When it registered first.</param>
public sealed record WorkerSupply(string Id, string JobId, bool Draining, Arithmetic Arithmetic, DateTimeOffset Registered);

/// <summary>What a job gets.</summary>
/// <param name="Workers">Alike, in the order of their names.</param>
/// <param name="LeftAside">Which free workers it does not get because they compute otherwise, and what helps; empty: none.</param>
public sealed record Assignment(ImmutableArray<string> Workers, string LeftAside);

/// <summary>Gives workers to jobs: a pure function.</summary>
/// <remarks>
/// The queue is first in, first out, nobody is taken from a running job, and a job's workers compute alike. 1. A job keeps those it
/// has. 2. In the order of submission, a job that has too few to start gets its minimum, from the workers that compute as it
/// began, or from the largest group of alike ones; the first that cannot have it ends this round, so that no small job overtakes a
/// large one for ever. One that waits for a certain kind of worker holds up nobody who can use another. 3. What is left goes to
/// those that have started or can, in the same order, up to their maximum.
/// </remarks>
public static class WorkerAssignment
{
    /// <summary>What each job gets, by its id.</summary>
    /// <param name="jobs">In the order of submission.</param>
    /// <param name="workers">All that live.</param>
    public static ImmutableDictionary<string, Assignment> Assign(IReadOnlyList<JobDemand> jobs, IReadOnlyCollection<WorkerSupply> workers)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        ArgumentNullException.ThrowIfNull(workers);
        var ordered = workers.OrderBy(w => w.Id, StringComparer.Ordinal).ToArray();
        // 1.
        var shares = jobs.Select(job => Share.Keep(job, [.. ordered.Where(w => w.JobId == job.Id)])).ToArray();
        var taken = shares.SelectMany(share => share.Workers).Select(w => w.Id).ToHashSet(StringComparer.Ordinal);
        var free = ordered.Where(w => !w.Draining && !taken.Contains(w.Id)).ToList();
        // 2.
        foreach (var share in shares)
        {
            share.Arithmetic ??= AlikeWorkers.Largest(free);
            share.IsFit = share.Workers.Count + free.Count(w => w.IsAlike(share.Arithmetic)) >= share.Least;
            if (share.IsFit)
            {
                share.TakeFrom(free, share.Least);
                continue;
            }
            share.LeftAside = WhyNone(share, free);
            if (share.Job.Arithmetic is null)
            {
                break;
            }
            free.RemoveAll(w => w.IsAlike(share.Arithmetic));
        }
        // 3.
        foreach (var share in shares.Where(s => s.IsFit))
        {
            share.TakeFrom(free, share.Job.Max);
        }
        foreach (var share in shares.Where(s => s.IsFit && s.Workers.Count < s.Job.Max))
        {
            share.LeftAside = Otherwise(free, share.Arithmetic);
        }
        return shares.ToImmutableDictionary(
            s => s.Job.Id,
            s => new Assignment([.. s.Workers.Select(w => w.Id).Order(StringComparer.Ordinal)], s.LeftAside)
        );
    }

    /// <summary>Where there were enough workers if only they were alike.</summary>
    private static string WhyNone(Share share, List<WorkerSupply> free)
    {
        if (share.Job.Arithmetic is { } began)
        {
            var otherwise = Otherwise(free, began);
            return otherwise.Length == 0
                ? ""
                : $"{otherwise}. The job began with {began.ToText()}, and goes on to the bit only so: "
                    + "start a worker on a machine like those that it began on, or submit it anew";
        }
        return share.Workers.Count + free.Count < share.Least
            ? ""
            : $"no {share.Least} of the free workers compute alike: {AlikeWorkers.Describe(free)}. "
                + "Start more that are like some of these, or lower workers.min";
    }

    private static string Otherwise(IEnumerable<WorkerSupply> free, Arithmetic? arithmetic)
    {
        var unlike = free.Where(w => !w.IsAlike(arithmetic)).ToArray();
        return unlike.Length switch
        {
            0 => "",
            1 => $"1 worker computes otherwise and is left aside: {AlikeWorkers.Describe(unlike)}",
            var count => $"{count} workers compute otherwise and are left aside: {AlikeWorkers.Describe(unlike)}",
        };
    }

    /// <summary>A job and what it has got so far.</summary>
    private sealed class Share(JobDemand job, Arithmetic? arithmetic, List<WorkerSupply> workers)
    {
        public JobDemand Job => job;
        public int Least => job.Started ? 1 : job.Min;
        public List<WorkerSupply> Workers => workers;
        public Arithmetic? Arithmetic { get; set; } = arithmetic;
        public bool IsFit { get; set; }
        public string LeftAside { get; set; } = "";

        public static Share Keep(JobDemand job, WorkerSupply[] held)
        {
            var arithmetic = job.Arithmetic ?? AlikeWorkers.Largest(held.Where(w => !w.Draining)) ?? AlikeWorkers.Largest(held);
            var alike = held.Where(w => w.IsAlike(arithmetic)).ToArray();
            // One that drains counts for nothing, but its job must see it go.
            return new(job, arithmetic, [.. alike.Where(w => !w.Draining).Take(job.Max), .. alike.Where(w => w.Draining)]);
        }

        /// <summary>Brings the job to so many workers, or as near as there are.</summary>
        public void TakeFrom(List<WorkerSupply> free, int count)
        {
            var more = free.Where(w => w.IsAlike(Arithmetic)).Take(count - workers.Count).ToArray();
            workers.AddRange(more);
            free.RemoveAll(more.Contains);
        }
    }
}
