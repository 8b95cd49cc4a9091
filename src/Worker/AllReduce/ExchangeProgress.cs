namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// What a member still waits for in the all-reduce of one step: slices that are not summed up, frames that the transport has not
/// taken (until then what they send may not change), and peers that have not copied this member's sums out of its memory.
/// </summary>
/// <param name="allReduce">The generation's.</param>
/// <param name="slices">How many slices there are to sum up.</param>
/// <param name="isCopying">By rank: whether it copies sums out of this member's memory, and says so with a last frame.</param>
internal sealed class ExchangeProgress(GradientAllReduce allReduce, int slices, IReadOnlyList<bool> isCopying)
{
    private readonly int[] _copying = [.. isCopying.Select(copies => copies ? 1 : 0)];
    private int _uncopied = isCopying.Count(copies => copies);
    private int _slices = slices;
    private int _untaken;

    /// <summary>Whether the step is over for this member.</summary>
    public bool IsDone => Volatile.Read(ref _slices) == 0 && Volatile.Read(ref _untaken) == 0 && Volatile.Read(ref _uncopied) == 0;

    /// <summary>Those that have not copied this member's sums yet.</summary>
    public IReadOnlyList<int> Copying => Ranks(_copying);

    /// <summary>Sends a frame to a rank.</summary>
    public void Send(int rank, CollectiveFrame frame)
    {
        Interlocked.Increment(ref _untaken);
        frame.Taken = Taken;
        allReduce.Send(rank, frame);
    }

    /// <summary>The gradient holds the sum over all shards of one more slice.</summary>
    public void SliceDone()
    {
        if (Interlocked.Decrement(ref _slices) == 0)
        {
            allReduce.Detector.Pulse();
        }
    }

    /// <summary>A rank has copied the last of this member's sums.</summary>
    /// <returns>Null, or what is wrong with that.</returns>
    public string? Copied(int rank)
    {
        if (Interlocked.Exchange(ref _copying[rank], 0) == 0)
        {
            return "it comes twice, or nothing was sent by reference";
        }
        if (Interlocked.Decrement(ref _uncopied) == 0)
        {
            allReduce.Detector.Pulse();
        }
        return null;
    }

    /// <summary>The ranks from which something is still expected.</summary>
    public static IReadOnlyList<int> Ranks(int[] expected) =>
        [.. Enumerable.Range(0, expected.Length).Where(rank => Volatile.Read(ref expected[rank]) > 0)];

    // Through memory a frame is taken as soon as it is sent: not each of them may wake the training thread.
    private void Taken()
    {
        if (Interlocked.Decrement(ref _untaken) == 0 && IsDone)
        {
            allReduce.Detector.Pulse();
        }
    }
}
