using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Workers and jobs while the queue decides: what is free, what comes back, what each namespace has.</summary>
internal sealed class QueueBoard
{
    private readonly QueueState _state;
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _living;
    private readonly string[] _kinds;

    /// <summary>Gives every job the workers that it keeps.</summary>
    public QueueBoard(QueueState state)
    {
        _state = state;
        var ordered = state.Workers.OrderBy(w => w.Id, StringComparer.Ordinal).ToArray();
        var held = ordered.ToLookup(w => w.JobId, StringComparer.Ordinal);
        Shares = [.. state.Jobs.OrderBy(j => j.Number).Select(job => Keep(job, [.. held[job.Id]]))];
        var kept = Shares
            .SelectMany(s => s.Workers.Concat(s.Draining).Select(w => w.Id).Concat(s.AskedBack.Keys))
            .ToHashSet(StringComparer.Ordinal);
        Free = [.. ordered.Where(w => !w.Draining && !kept.Contains(w.Id))];
        Returning = [.. ordered.Where(w => !w.Draining && w.GoesTo.Length > 0 && kept.Contains(w.Id))];
        _living = ordered
            .Where(w => !w.Draining)
            .GroupBy(w => w.Arithmetic.Fingerprint, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        _kinds =
        [
            .. ordered
                .Where(w => !w.Draining)
                .OrderBy(w => w.Registered)
                .Select(w => w.Arithmetic.Fingerprint)
                .Distinct(StringComparer.Ordinal),
        ];
        Running = [.. Shares.Where(s => s.Workers.Count + s.AskedBack.Count > 0)];
        foreach (var share in Running)
        {
            Use(share, share.Workers.Count);
        }
    }

    /// <summary>All jobs, in the order of submission.</summary>
    public IReadOnlyList<Share> Shares { get; }

    /// <summary>Those that have workers, or had some that they are asked to give back.</summary>
    public List<Share> Running { get; }

    /// <summary>Workers that nobody has, in the order of their names.</summary>
    public List<WorkerSupply> Free { get; }

    /// <summary>Workers that jobs give back, and that nobody waits for yet.</summary>
    public List<WorkerSupply> Returning { get; }

    /// <summary>Living workers of a kind, whoever has them.</summary>
    public int Living(string kind) => _living.GetValueOrDefault(kind);

    /// <summary>The most workers of the job's namespace; null: no limit.</summary>
    public int? Quota(Share share) => _state.Options.WorkerQuotas.Of(share.Job.Namespace);

    public int Used(Share share) => _used.GetValueOrDefault(share.Job.Namespace);

    /// <summary>Workers of the job's namespace for each unit of its fair share.</summary>
    public double Portion(Share share, int without = 0) =>
        (Used(share) - without) / (double)(_state.Options.Shares.Of(share.Job.Namespace) ?? 1);

    /// <summary>How many workers more its namespace may have.</summary>
    public int Room(Share share) => Quota(share) is { } quota ? quota - Used(share) : int.MaxValue;

    /// <summary>The same at this moment: workers that its jobs are asked to give back are still theirs.</summary>
    public int RoomNow(Share share) =>
        Quota(share) is null
            ? int.MaxValue
            : Room(share) - Running.Where(s => s.Job.Namespace == share.Job.Namespace).Sum(s => s.AskedBack.Count);

    /// <summary>Whether it has waited for longer than jobs may stay in front of it that came later.</summary>
    public bool HasWaitedLong(Share share) => _state.Now - share.Job.Since >= _state.Options.BackfillLimit;

    /// <summary>
    /// The ways of computing that a job may be given: its own, or all, those of most free workers first; of equal ones that of the worker
    /// that registered first.
    /// </summary>
    public IEnumerable<string> Kinds(Share share) =>
        share.Kind is { } own
            ? [own]
            // Stable: among equal ones the order of registration decides.
            : _kinds.OrderByDescending(kind => Free.Count(w => w.Computes(kind)));

    /// <summary>
    /// Those that have no workers, in the order in which they are served. It is taken step by step: who is served changes what its
    /// namespace has.
    /// </summary>
    public IEnumerable<Share> Line()
    {
        foreach (var equals in Shares.Where(s => s.HasNone).GroupBy(s => s.Job.Priority).OrderByDescending(g => g.Key))
        {
            var lines = equals.GroupBy(s => s.Job.Namespace, StringComparer.Ordinal).Select(g => new Queue<Share>(g)).ToList();
            while (lines.Count > 0)
            {
                var next = lines.MinBy(l => (Portion(l.Peek()), l.Peek().Job.Number))!;
                yield return next.Dequeue();
                if (next.Count == 0)
                {
                    lines.Remove(next);
                }
            }
        }
    }

    /// <summary>Gives free workers of a kind, those first that hold the job's state.</summary>
    public void Give(Share share, string kind, int count)
    {
        var given = Free.Where(w => w.Computes(kind)).OrderByDescending(w => w.StateOf == share.Job.Id).Take(count).ToArray();
        share.Kind = kind;
        if (!Running.Contains(share))
        {
            Running.Add(share);
        }
        share.Workers.AddRange(given);
        var gone = given.Select(w => w.Id).ToHashSet(StringComparer.Ordinal);
        Free.RemoveAll(w => gone.Contains(w.Id));
        Use(share, given.Length);
    }

    /// <summary>Keeps free workers and those that come back for a job that cannot start before it has all of them.</summary>
    /// <param name="share">The job.</param>
    /// <param name="kind">How they compute.</param>
    /// <param name="asked">How many were asked back for it now.</param>
    public void Reserve(Share share, string kind, int asked)
    {
        var free = Free.Where(w => w.Computes(kind)).Take(share.Job.Least).ToArray();
        Free.RemoveAll(free.Contains);
        var returning = Returning.Where(w => w.Computes(kind)).Take(Math.Max(0, share.Job.Least - free.Length - asked)).ToArray();
        Returning.RemoveAll(returning.Contains);
        Use(share, share.Job.Least);
        (share.Verdict, share.Reserved) = (QueueVerdict.Gathers, free.Length);
    }

    /// <summary>Asks a running job to give workers back, the last by name first.</summary>
    public void AskBack(Share from, int count, string forWhom)
    {
        foreach (var worker in from.Workers.OrderByDescending(w => w.Id, StringComparer.Ordinal).Take(count).ToArray())
        {
            from.Workers.Remove(worker);
            from.AskedBack[worker.Id] = forWhom;
        }
        Use(from, -count);
    }

    /// <summary>Hands what is left to jobs that have a place, one worker at a time.</summary>
    public void Spread()
    {
        while (Free.Count > 0)
        {
            var able = Running
                .Where(s =>
                    s is { Yields: false, Workers.Count: > 0, AskedBack.Count: 0 }
                    && s.Workers.Count < s.Job.Max
                    && RoomNow(s) > 0
                    && Free.Any(w => w.Computes(s.Kind))
                )
                .OrderByDescending(s => s.Job.Priority)
                .ThenBy(s => Portion(s))
                .ThenBy(s => s.Job.Number)
                .ToArray();
            if (able is not [var next, ..])
            {
                break;
            }
            // Nobody to share with: what it would get one by one.
            Give(next, next.Kind!, able.Length > 1 ? 1 : Math.Min(next.Job.Max - next.Workers.Count, RoomNow(next)));
        }
        foreach (var share in Running.Where(s => s.Workers.Count > 0 && s.Workers.Count < s.Job.Max))
        {
            share.LeftAside = LeftAsideText.Otherwise(Free, share.Kind);
        }
    }

    /// <summary>Says why a job that waits got nothing, as far as that is a matter of this moment.</summary>
    public void NoteFailure(Share share)
    {
        share.LeftAside = LeftAsideText.WhyNone(share, Free);
        var most = Kinds(share).Select(Living).DefaultIfEmpty().Max();
        share.Verdict =
            most < share.Job.Least ? QueueVerdict.TooFewWorkers
            : Room(share) < share.Job.Least ? QueueVerdict.OverQuota
            : QueueVerdict.Behind;
    }

    private void Use(Share share, int count) => _used[share.Job.Namespace] = Used(share) + count;

    private static Share Keep(JobDemand job, WorkerSupply[] held)
    {
        var share = new Share(job);
        var arithmetic = job.Arithmetic ?? AlikeWorkers.Largest(held.Where(w => !w.Draining)) ?? AlikeWorkers.Largest(held);
        share.Kind = arithmetic?.Fingerprint;
        var alike = held.Where(w => w.IsAlike(arithmetic)).ToArray();
        // One that drains counts for nothing, but its job must see it go.
        share.Draining.AddRange(alike.Where(w => w.Draining));
        foreach (var worker in alike.Where(w => !w.Draining && w.GoesTo.Length > 0))
        {
            share.AskedBack[worker.Id] = worker.GoesTo;
        }
        var kept = alike.Where(w => !w.Draining && w.GoesTo.Length == 0).OrderByDescending(w => w.StateOf == job.Id).ToArray();
        share.Workers.AddRange(kept.Take(job.Max));
        // Its maximum was lowered: it lets the others go at the end of a step.
        foreach (var worker in kept.Skip(job.Max))
        {
            share.AskedBack[worker.Id] = $"others: it takes {job.Max} at most";
        }
        return share;
    }
}
