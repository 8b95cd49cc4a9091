using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>A job that wants workers, for the question who gets whom.</summary>
/// <param name="Id">The job.</param>
/// <param name="Min">It does not start with fewer.</param>
/// <param name="Max">It gets no more.</param>
/// <param name="Started">It has trained before: it goes on with any number.</param>
public sealed record JobDemand(string Id, int Min, int Max, bool Started);

/// <summary>A living worker, for the question who gets whom.</summary>
/// <param name="Id">The worker.</param>
/// <param name="JobId">The job that holds it, or whose state it holds; empty: none.</param>
/// <param name="Draining">It takes no new job.</param>
public sealed record WorkerSupply(string Id, string JobId, bool Draining);

/// <summary>Gives workers to jobs: a pure function.</summary>
/// <remarks>
/// The queue is first in, first out, and nobody is taken from a running job. 1. A job keeps those it has. 2. In the order of
/// submission, a job that has too few to start gets its minimum; the first that cannot have it ends this round, so that no
/// small job overtakes a large one for ever. 3. What is left goes to those that have started or can, in the same order, up to
/// their maximum.
/// </remarks>
public static class WorkerAssignment
{
    /// <summary>The workers of each job that gets any, in the order of their names.</summary>
    /// <param name="jobs">In the order of submission.</param>
    /// <param name="workers">All that live.</param>
    public static ImmutableDictionary<string, ImmutableArray<string>> Assign(IReadOnlyList<JobDemand> jobs, IReadOnlyCollection<WorkerSupply> workers)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        ArgumentNullException.ThrowIfNull(workers);
        var ordered = workers.OrderBy(w => w.Id, StringComparer.Ordinal).ToArray();
        // One that drains counts for nothing, but its job must see it go.
        var given = jobs.ToDictionary(j => j.Id, j => ordered.Where(w => w.JobId == j.Id && !w.Draining).Take(j.Max)
            .Concat(ordered.Where(w => w.JobId == j.Id && w.Draining)).Select(w => w.Id).ToList(), StringComparer.Ordinal);
        var taken = given.Values.SelectMany(ids => ids).ToHashSet(StringComparer.Ordinal);
        var free = new Queue<string>(ordered.Where(w => !w.Draining && !taken.Contains(w.Id)).Select(w => w.Id));

        var fit = new List<JobDemand>();
        foreach (var job in jobs)
        {
            var mine = given[job.Id];
            var least = job.Started ? 1 : job.Min;
            if (mine.Count + free.Count < least) break;
            while (mine.Count < least) mine.Add(free.Dequeue());
            fit.Add(job);
        }
        foreach (var job in fit)
        {
            var mine = given[job.Id];
            while (mine.Count < job.Max && free.Count > 0) mine.Add(free.Dequeue());
        }
        return given.Where(g => g.Value.Count > 0)
            .ToImmutableDictionary(g => g.Key, g => g.Value.Order(StringComparer.Ordinal).ToImmutableArray(), StringComparer.Ordinal);
    }
}
