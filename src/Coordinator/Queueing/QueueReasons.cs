using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Says to each job what was decided and why, in words and numbers.</summary>
internal static class QueueReasons
{
    private const int Named = 3;

    /// <summary>The decision for each job, by its id.</summary>
    /// <param name="board">What everyone has now.</param>
    /// <param name="line">Those that had no workers until now, in the order in which they were served.</param>
    public static ImmutableDictionary<string, Assignment> Explain(QueueBoard board, IReadOnlyList<Share> line)
    {
        var decisions = ImmutableDictionary.CreateBuilder<string, Assignment>(StringComparer.Ordinal);
        var position = 0;
        Share? ahead = null;
        foreach (var share in line.Where(s => s.Verdict != QueueVerdict.Starts))
        {
            if (!share.Job.Waits)
            {
                // It has lost its workers, and its own state says so.
                share.Verdict = QueueVerdict.Keeps;
                continue;
            }
            decisions[share.Job.Id] = Of(share, Waiting(board, share, ahead)) with { Position = ++position };
            ahead = share.Verdict is QueueVerdict.Behind or QueueVerdict.Gathers ? share : ahead;
        }
        foreach (var share in board.Shares.Where(s => !decisions.ContainsKey(s.Job.Id)))
        {
            decisions[share.Job.Id] = HasPlace(share);
        }
        return decisions.ToImmutable();
    }

    private static Assignment HasPlace(Share share)
    {
        if (share.Yields)
        {
            share.Verdict = QueueVerdict.Preempted;
            return Of(share, $"preempted for {share.YieldsTo}");
        }
        if (share.AskedBack.Count > 0)
        {
            share.Verdict = QueueVerdict.GivesBack;
            return Of(share, $"gives {string.Join(", ", share.AskedBack.Keys)} back for {share.AskedBack.Values.First()}");
        }
        return Of(share, share.Verdict == QueueVerdict.Starts ? $"starts with {Workers(share.Workers.Count)}" : "");
    }

    private static string Waiting(QueueBoard board, Share share, Share? ahead)
    {
        var least = share.Job.Least;
        return share.Verdict switch
        {
            QueueVerdict.Gathers => $"needs {Workers(least)}, {share.Reserved} are free and {least - share.Reserved} come back from others",
            QueueVerdict.TooFewWorkers => $"needs {Workers(least)}, {Most(board, share)} are here",
            QueueVerdict.OverQuota when board.Quota(share) < least =>
                $"quota: needs {Workers(least)}, and namespace {share.Job.Namespace} may have {board.Quota(share)}",
            QueueVerdict.OverQuota =>
                $"quota: needs {Workers(least)}, and namespace {share.Job.Namespace} has {board.Used(share)} of the {board.Quota(share)} "
                    + "that it may have",
            // One reason with numbers is enough: they change with every worker, and each change of a reason is stored.
            _ when ahead is not null => $"behind {share.Named(ahead)}; needs {Workers(least)}",
            _ => $"needs {Workers(least)}, {Free(board, share)} of {Most(board, share)} are free{Holders(board, share)}",
        };
    }

    private static string Holders(QueueBoard board, Share share)
    {
        var kinds = board.Kinds(share).ToHashSet(StringComparer.Ordinal);
        var holders = board
            .Running.Where(s => s.Workers.Count > 0 && kinds.Contains(s.Kind!))
            .OrderBy(s => s.Job.Number)
            .Select(s => $"{share.Named(s)} ({Workers(s.Workers.Count)})")
            .ToArray();
        var more = holders.Length > Named ? $" and {holders.Length - Named} more" : "";
        return holders.Length == 0 ? "" : $": behind {string.Join(", ", holders.Take(Named))}{more}";
    }

    private static int Most(QueueBoard board, Share share) => board.Kinds(share).Select(board.Living).DefaultIfEmpty().Max();

    private static int Free(QueueBoard board, Share share) =>
        board.Kinds(share).Select(kind => board.Free.Count(w => w.Computes(kind))).DefaultIfEmpty().Max();

    private static string Workers(int count) => count == 1 ? "1 worker" : $"{count} workers";

    private static Assignment Of(Share share, string reason) =>
        new(share.Verdict, reason)
        {
            Workers =
            [
                .. share.Workers.Concat(share.Draining).Select(w => w.Id).Concat(share.AskedBack.Keys).Order(StringComparer.Ordinal),
            ],
            AskedBack = share.AskedBack.ToImmutableSortedDictionary(StringComparer.Ordinal),
            YieldsTo = share.YieldsTo,
            LeftAside = share.LeftAside,
        };
}
