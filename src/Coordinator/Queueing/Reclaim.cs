using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Serves one job that waits: it gets all that it needs, or nothing is changed.</summary>
internal static class Reclaim
{
    /// <summary>Gives the job its minimum of workers of a kind, or sees to it that they come.</summary>
    /// <param name="board">What there is.</param>
    /// <param name="share">The job.</param>
    /// <param name="kind">How the workers compute.</param>
    /// <param name="reach">How far to go.</param>
    /// <returns>False: there are not enough, and nothing was changed.</returns>
    public static bool TryServe(QueueBoard board, Share share, string kind, Reach reach)
    {
        var least = share.Job.Least;
        if (board.Living(kind) < least)
        {
            return false;
        }
        // What its namespace has too much for its quota must come from jobs of the namespace itself.
        var own = Math.Max(0, least - board.Room(share));
        var missing = least - board.Free.Count(w => w.Computes(kind));
        if (missing <= 0 && board.RoomNow(share) >= least)
        {
            board.Give(share, kind, least);
            share.Verdict = QueueVerdict.Starts;
            return true;
        }
        if (reach == Reach.Free)
        {
            return false;
        }
        missing -= board.Returning.Count(w => w.Computes(kind));
        if (missing <= 0 && own == 0)
        {
            board.Reserve(share, kind, 0);
            return true;
        }
        if (reach == Reach.Returning || Find(board, share, kind, new Need(missing, own), reach) is not { } takes)
        {
            return false;
        }
        foreach (var take in takes)
        {
            var name = take.From.Named(share);
            if (take.Whole)
            {
                take.From.YieldsTo =
                    take.From.Job.Priority < share.Job.Priority
                        ? $"{name}, whose priority is {share.Job.Priority} and not {take.From.Job.Priority}"
                        : $"{name}, which was submitted earlier";
            }
            board.AskBack(take.From, take.Count, name);
        }
        board.Reserve(share, kind, takes.Where(t => t.From.Kind == kind).Sum(t => t.Count));
        return true;
    }

    /// <summary>Who gives how many; null: not enough.</summary>
    private static List<Take>? Find(QueueBoard board, Share share, string kind, Need need, Reach reach)
    {
        var others = board.Running.Where(s => s != share && s.Kind == kind && CanGive(s)).ToArray();
        var lenders = others
            .Where(s => s.Surplus > 0 && s.Job.Priority <= share.Job.Priority)
            .OrderByDescending(s => need.Own > 0 && IsSame(s, share))
            .ThenBy(s => s.Job.Priority)
            .ThenByDescending(s => board.Portion(s))
            .ThenByDescending(s => s.Job.Number)
            .ToArray();
        if (reach == Reach.Surplus)
        {
            return Takes(share, [], lenders, need);
        }
        var victims = new List<Share>();
        foreach (
            var victim in others
                .Where(s => MayPreempt(board, share, s))
                .OrderByDescending(s => need.Own > 0 && IsSame(s, share))
                .ThenBy(s => s.Job.Priority)
                .ThenByDescending(s => s.Job.Number)
        )
        {
            victims.Add(victim);
            if (Takes(share, victims, lenders, need) is not null)
            {
                break;
            }
        }
        // One of many workers may make smaller ones needless that were chosen before it.
        foreach (var victim in victims.ToArray())
        {
            var fewer = victims.Where(v => v != victim).ToList();
            if (Takes(share, fewer, lenders, need) is not null)
            {
                victims = fewer;
            }
        }
        return Takes(share, victims, lenders, need);
    }

    private static List<Take>? Takes(Share share, IReadOnlyCollection<Share> victims, IEnumerable<Share> lenders, Need need)
    {
        var takes = victims.Select(v => new Take(v, v.Workers.Count, Whole: true)).ToList();
        var all = takes.Sum(t => t.Count);
        var own = takes.Where(t => IsSame(t.From, share)).Sum(t => t.Count);
        foreach (var lender in lenders.Where(l => !victims.Contains(l)))
        {
            var same = IsSame(lender, share);
            var wanted = Math.Max(need.Missing - all, same ? need.Own - own : 0);
            if (Math.Min(lender.Surplus, wanted) is > 0 and var count)
            {
                takes.Add(new(lender, count, Whole: false));
                all += count;
                own += same ? count : 0;
            }
        }
        return all >= need.Missing && own >= need.Own ? takes : null;
    }

    // Who starts in this very moment, or gives workers back already, is left in peace.
    private static bool CanGive(Share share) => share is { Yields: false, Workers.Count: > 0 } && share.Verdict != QueueVerdict.Starts;

    private static bool MayPreempt(QueueBoard board, Share share, Share other) =>
        other.Job.Priority < share.Job.Priority
        || (
            other.Job.Priority == share.Job.Priority
            && other.Job.Number > share.Job.Number
            && board.HasWaitedLong(share)
            && (IsSame(other, share) || board.Portion(other, without: other.Workers.Count) >= board.Portion(share))
        );

    private static bool IsSame(Share one, Share other) => one.Job.Namespace == other.Job.Namespace;

    /// <summary>How many workers must be taken from others.</summary>
    /// <param name="Missing">In all.</param>
    /// <param name="Own">From jobs of the namespace of the job that needs them.</param>
    private readonly record struct Need(int Missing, int Own);

    /// <summary>What is taken from a running job.</summary>
    private readonly record struct Take(Share From, int Count, bool Whole);
}
