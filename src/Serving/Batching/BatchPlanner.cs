namespace TrainingCluster.Serving.Batching;

/// <summary>Which sentences are computed together next. Pure.</summary>
internal static class BatchPlanner
{
    /// <summary>
    /// The sentence that has waited longest is always among those that are taken, so that none waits for ever. With it go those of the
    /// same model and search, nearest in length first: what is filled up to the longest is computed for nothing. Threads that are free
    /// share them.
    /// </summary>
    /// <param name="queue">In the order in which they came.</param>
    /// <param name="othersCall">Whether several calls are there at a time: others may come soon.</param>
    /// <param name="free">Threads that wait for a batch, the one that asks among them.</param>
    /// <param name="options">The limits.</param>
    public static BatchPlan Plan(IReadOnlyList<WaitingSentence> queue, bool othersCall, int free, BatchingOptions options)
    {
        if (queue.Count == 0)
        {
            return new([], Timeout.InfiniteTimeSpan);
        }
        var first = queue[0];
        var alike = Enumerable
            .Range(0, queue.Count)
            .Where(place => ReferenceEquals(queue[place].Model, first.Model) && queue[place].Search == first.Search)
            .OrderBy(place => Math.Abs(queue[place].Tokens - first.Tokens))
            .ThenBy(place => place)
            .ToList();
        var (take, longest, isFull) = (new List<int>(), 0, false);
        foreach (var place in alike)
        {
            var width = Math.Max(longest, queue[place].Tokens);
            var tokens = (take.Count + 1L) * first.Search.Beam * width;
            if (take.Count > 0 && (take.Count == options.MaxSentences || tokens > options.MaxTokens))
            {
                isFull = true;
                break;
            }
            take.Add(place);
            longest = width;
        }
        if (!isFull && take.Count < options.MaxSentences && othersCall && first.Waited < options.Wait)
        {
            return new([], options.Wait - first.Waited);
        }
        var share = (alike.Count + free - 1) / free;
        return new(take[..Math.Min(share, take.Count)], TimeSpan.Zero);
    }
}
