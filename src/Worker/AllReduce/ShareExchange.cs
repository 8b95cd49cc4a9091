using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>A piece of the state that a member is to get from another one.</summary>
/// <param name="Share">The share's number.</param>
/// <param name="Sender">The rank that sends it.</param>
/// <param name="To">Where its values go; as long as the share.</param>
/// <param name="Offset">Where the share begins in the flat buffers.</param>
internal readonly record struct ExpectedShare(int Share, int Sender, Memory<float> To, int Offset);

/// <summary>
/// Sends shares of the state from their holders to those that do not hold them, beside the exchange of gradients. What comes is kept
/// until the training thread takes it: it may come before this member has applied the step's update.
/// </summary>
internal sealed class ShareExchange(
    ProcessGroup plan,
    int length,
    CollectiveOptions options,
    FailureDetector detector,
    Action<int, CollectiveFrame> send
)
{
    private readonly Lock _gate = new();
    private readonly Queue<(int Sender, CollectiveFrame Frame)>[] _arrived =
    [
        .. Enum.GetValues<ShareSection>().Select(_ => new Queue<(int, CollectiveFrame)>()),
    ];
    private readonly long[] _waiting = new long[Enum.GetValues<ShareSection>().Length];
    private SharedPaths _paths = SharedPaths.None(plan);

    /// <summary>Whose memory is read in place of a payload.</summary>
    public SharedPaths Paths
    {
        get => Volatile.Read(ref _paths);
        set => Volatile.Write(ref _paths, value);
    }

    /// <summary>Queues a share for a peer. Its values must stay as they are until the peer has them.</summary>
    /// <param name="rank">The peer.</param>
    /// <param name="step">The newest step.</param>
    /// <param name="section">What it is.</param>
    /// <param name="share">Its number.</param>
    /// <param name="values">Its pieces, in order; one, if the peer may read it in memory.</param>
    /// <param name="sharedBuffer">This worker's buffer that holds it at its place, if the peer reads it there; 0: none does.</param>
    public void Send(int rank, long step, ShareSection section, int share, IEnumerable<Memory<float>> values, int sharedBuffer = 0)
    {
        if (sharedBuffer > 0 && Paths.IsReadBy(rank))
        {
            send(rank, Frame(0, values.Single(), sharedBuffer));
            return;
        }
        var offset = 0L;
        foreach (var piece in values)
        {
            for (var at = 0; at < piece.Length; at += options.FrameFloats)
            {
                var floats = piece.Slice(at, Math.Min(options.FrameFloats, piece.Length - at));
                send(rank, Frame(offset, floats, 0));
                offset += (long)floats.Length * sizeof(float);
            }
        }

        CollectiveFrame Frame(long from, ReadOnlyMemory<float> floats, int buffer) =>
            new()
            {
                Step = step,
                Kind = FrameKind.Share,
                Bucket = (int)section,
                Chunk = share,
                Offset = from,
                Floats = floats,
                SharedBuffer = buffer,
            };
    }

    /// <summary>Takes a peer's frame.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Receive(int sender, CollectiveFrame frame)
    {
        if ((uint)frame.Bucket >= (uint)_arrived.Length)
        {
            return "it is of a section that is unknown";
        }
        if (frame.Received is null && Paths.Buffer(sender, frame.SharedBuffer) is null)
        {
            return $"it refers to the sender's buffer {frame.SharedBuffer}, which is not mapped here";
        }
        lock (_gate)
        {
            if (_waiting[frame.Bucket] + (frame.Received?.Floats.Length ?? 1) > length)
            {
                return "more of this section wait than there are";
            }
            _waiting[frame.Bucket] += frame.Received?.Floats.Length ?? 1;
            _arrived[frame.Bucket].Enqueue((sender, frame));
        }
        detector.Pulse();
        return null;
    }

    /// <summary>Waits until all that is expected of a section has come, and puts it where it belongs.</summary>
    /// <param name="step">The newest step.</param>
    /// <param name="section">What it is.</param>
    /// <param name="expected">What is to come.</param>
    /// <param name="ownPart">How long this worker took for its own part of the step; the time limit follows from it.</param>
    /// <exception cref="CollectiveException">The group ended: only a part has come.</exception>
    public void Collect(long step, ShareSection section, IReadOnlyList<ExpectedShare> expected, TimeSpan ownPart)
    {
        var left = expected.ToDictionary(share => share.Share, share => (Expected: share, Floats: share.To.Length));
        foreach (var empty in left.Where(share => share.Value.Floats == 0).ToList())
        {
            left.Remove(empty.Key);
        }
        while (left.Count > 0)
        {
            detector.Wait(
                () => Count(section) > 0,
                () => new Awaited([.. left.Values.Select(share => share.Expected.Sender).Distinct()]),
                ownPart,
                $"the shares of step {step}",
                withinStep: true
            );
            while (Take(section) is var (sender, frame) && frame is not null)
            {
                Place(step, sender, frame, left);
            }
        }
    }

    /// <summary>Lets go of what has come and will not be taken.</summary>
    public void Abandon()
    {
        foreach (var section in Enum.GetValues<ShareSection>())
        {
            while (Take(section) is var (_, frame) && frame is not null)
            {
                frame.Received?.Dispose();
            }
        }
    }

    private void Place(long step, int sender, CollectiveFrame frame, Dictionary<int, (ExpectedShare Expected, int Floats)> left)
    {
        using var received = frame.Received;
        if (!left.TryGetValue(frame.Chunk, out var share) || share.Expected.Sender != sender || frame.Step != step)
        {
            Corrupt(sender, $"share {frame.Chunk} of step {frame.Step}, which is not expected of it");
        }
        var to = share.Expected.To.Span;
        int floats;
        if (received is null)
        {
            floats = to.Length;
            Paths.Buffer(sender, frame.SharedBuffer)!.Memory.Span.Slice(share.Expected.Offset, floats).CopyTo(to);
            if (!Paths.StillHolds(sender))
            {
                var peer = plan.Members[sender].WorkerId;
                detector.Fail(CollectiveError.PeerLeft, $"{peer} ended the generation while its memory was read.");
                detector.ThrowIfFailed();
            }
        }
        else
        {
            floats = received.Floats.Length;
            // Pieces come in order.
            if (frame.Offset != (long)(to.Length - share.Floats) * sizeof(float) || floats > share.Floats)
            {
                Corrupt(sender, $"byte {frame.Offset} of share {frame.Chunk}, of which {to.Length - share.Floats} floats are here");
            }
            received.Floats.Span.CopyTo(to[^share.Floats..]);
        }

        if (share.Floats == floats)
        {
            left.Remove(frame.Chunk);
        }
        else
        {
            left[frame.Chunk] = share with { Floats = share.Floats - floats };
        }
    }

    private void Corrupt(int sender, string what)
    {
        var peer = plan.Members[sender].WorkerId;
        throw new CollectiveException(detector.Fail(CollectiveError.Corrupt, $"{peer} sent {what}.", peer));
    }

    private int Count(ShareSection section)
    {
        lock (_gate)
        {
            return _arrived[(int)section].Count;
        }
    }

    private (int Sender, CollectiveFrame? Frame) Take(ShareSection section)
    {
        lock (_gate)
        {
            if (!_arrived[(int)section].TryDequeue(out var next))
            {
                return default;
            }
            _waiting[(int)section] -= next.Frame.Received?.Floats.Length ?? 1;
            return next;
        }
    }
}
