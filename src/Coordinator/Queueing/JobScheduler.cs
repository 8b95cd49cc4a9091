using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Decides who gets which workers, who waits, and who gives workers back: a pure function.</summary>
/// <remarks>
/// 1. A job keeps the workers that it has, up to its maximum; those that it was asked to give back are on their way to others.
/// 2. The jobs without workers are served one after another: the greatest priority first, then the namespace that has the fewest workers
/// for its share, then the earliest submitted. A job gets its minimum or nothing: from free workers; from those that come back; from what
/// running jobs of no greater priority have above their minimum; at last by preemption. A job that cannot have its minimum holds nobody
/// up: the next one that fits overtakes it (backfill). 3. Workers that are left go one by one to jobs that have some, in the same order, up
/// to their maximum. 4. Everyone who waits gets a reason.
/// <para>
/// Nobody waits for ever behind jobs that overtook it: after <see cref="QueueOptions.BackfillLimit"/> it may preempt jobs of its own
/// priority that were submitted later, unless that leaves their namespace with less than its own. Whoever may preempt comes strictly
/// before whom it preempts, by priority or by submission, so that two jobs never preempt each other in turn.
/// </para>
/// </remarks>
public static class JobScheduler
{
    /// <summary>The decision for each job, by its id.</summary>
    public static ImmutableDictionary<string, Assignment> Decide(QueueState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        // 1.
        var board = new QueueBoard(state);
        // 2.
        var line = new List<Share>();
        foreach (var share in board.Line())
        {
            if (!Serve(board, share))
            {
                board.NoteFailure(share);
            }
            line.Add(share);
        }
        // 3.
        board.Spread();
        // 4.
        return QueueReasons.Explain(board, line);
    }

    private static bool Serve(QueueBoard board, Share share)
    {
        var kinds = board.Kinds(share).ToArray();
        // A job that does not wait has just lost its workers, or they have not come back since the coordinator did: it takes from nobody.
        var reaches = share.Job.Waits ? Enum.GetValues<Reach>() : [Reach.Free];
        return reaches.Any(reach => kinds.Any(kind => Reclaim.TryServe(board, share, kind, reach)));
    }
}

/// <summary>How far the queue goes to serve a job.</summary>
internal enum Reach
{
    /// <summary>Free workers.</summary>
    Free,

    /// <summary>Also those that come back from jobs already.</summary>
    Returning,

    /// <summary>Also what running jobs have above their minimum.</summary>
    Surplus,

    /// <summary>Also all workers of jobs that it may preempt.</summary>
    Preemption,
}
