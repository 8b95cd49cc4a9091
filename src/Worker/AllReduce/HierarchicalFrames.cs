using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>A run of slices that one member sends to another in one frame.</summary>
/// <param name="Kind">Reduce or Gather.</param>
/// <param name="Bucket">The bucket's index.</param>
/// <param name="Node">Reduce: the subtree whose sum it is.</param>
/// <param name="Peer">Who sends it here, or gets it from here.</param>
/// <param name="FirstSlice">The first of them, counted over all buckets.</param>
/// <param name="Slices">How many.</param>
/// <param name="Range">Where they lie in the flat buffer.</param>
/// <param name="Home">Reduce: the sender's own subtree in whose buffer the sum lies.</param>
/// <param name="Hops">How many transfers, at most, come before it.</param>
internal sealed record HierarchicalFrame(
    FrameKind Kind,
    int Bucket,
    Subtree Node,
    int Peer,
    int FirstSlice,
    int Slices,
    FlatRange Range,
    Subtree Home,
    int Hops
);

/// <summary>A sum that a member forms of one slice, out of its own subtrees' sums and of others' that it is sent.</summary>
/// <param name="Node">Of which subtree.</param>
/// <param name="Slice">Of which slice.</param>
/// <param name="Home">The own subtree in whose buffer it is formed.</param>
/// <param name="Frame">The number of the outgoing frame that takes it on; -1: it is the sum over all shards.</param>
internal readonly record struct PartialSum(Subtree Node, int Slice, Subtree Home, int Frame);

/// <summary>
/// What one member sends and is sent in each step of a generation, by the <see cref="HierarchicalSchedule"/>: pieces are cut into
/// slices no longer than a frame, and neighbouring slices with one way travel together.
/// </summary>
internal sealed class HierarchicalFrames
{
    private readonly List<FlatRange> _slices = [];
    private readonly List<HierarchicalFrame> _incoming = [];
    private readonly List<HierarchicalFrame> _outgoing = [];
    private readonly List<PartialSum> _sums = [];
    private readonly List<int> _firstSum = [];
    private readonly List<List<int>> _gathersOf = [];
    private readonly List<int> _firstSlice = [];
    private readonly Dictionary<(FrameKind Kind, Subtree Node, int FirstSlice), int> _index = [];
    private readonly ProcessGroup _plan;
    private readonly BucketLayout _layout;
    private readonly int _frameFloats;

    /// <param name="schedule">Of the plan.</param>
    /// <param name="plan">Members, shards and which of them this one is.</param>
    /// <param name="layout">How the gradient is cut into buckets.</param>
    /// <param name="frameFloats">What a frame holds.</param>
    public HierarchicalFrames(HierarchicalSchedule schedule, ProcessGroup plan, BucketLayout layout, int frameFloats)
    {
        (_plan, _layout, _frameFloats) = (plan, layout, frameFloats);
        Own = [.. plan.CoverOf(plan.OwnRank)];
        var reduces = OfThisMember(schedule.Reduces);
        var gathers = OfThisMember(schedule.Gathers);
        foreach (var bucket in layout.Buckets)
        {
            AddBucket(bucket, schedule, reduces, gathers);
        }
        _firstSlice.Add(_slices.Count);
        _firstSum.Add(_sums.Count);
        ReduceSources = [.. _incoming.Where(frame => frame.Kind == FrameKind.Reduce).Select(frame => frame.Peer).Distinct()];

        List<PieceTransfer> OfThisMember(IReadOnlyList<PieceTransfer> all) =>
            [.. all.Where(transfer => transfer.Sender == plan.OwnRank || transfer.Receiver == plan.OwnRank)];
    }

    /// <summary>This member's largest subtrees, in shard order.</summary>
    public IReadOnlyList<Subtree> Own { get; }

    /// <summary>The slices of all buckets, in buffer order.</summary>
    public IReadOnlyList<FlatRange> Slices => _slices;

    /// <summary>What this member is sent in a step.</summary>
    public IReadOnlyList<HierarchicalFrame> Incoming => _incoming;

    /// <summary>What this member sends in a step.</summary>
    public IReadOnlyList<HierarchicalFrame> Outgoing => _outgoing;

    /// <summary>The ranks to which this member sends frames.</summary>
    public IEnumerable<int> Receivers => _outgoing.Select(frame => frame.Peer).Distinct();

    /// <summary>The sums that this member forms in a step.</summary>
    public IReadOnlyList<PartialSum> Sums => _sums;

    /// <summary>The ranks whose partial sums come here.</summary>
    public IReadOnlyList<int> ReduceSources { get; }

    /// <summary>The numbers of a bucket's slices: first, and one past the last.</summary>
    public (int From, int To) OfBucket(int bucket) => (_firstSlice[bucket], _firstSlice[bucket + 1]);

    /// <summary>How many sums this member forms of a slice.</summary>
    public int SumsOf(int slice) => _firstSum[slice + 1] - _firstSum[slice];

    /// <summary>The number of the sum into which a subtree's sum of a slice goes here.</summary>
    public int SumOf(int slice, Subtree node)
    {
        var found = -1;
        for (var i = _firstSum[slice]; i < _firstSum[slice + 1]; i++)
        {
            // A subtree that has left this member may come back within a larger one.
            if (_sums[i].Node.Contains(node) && (found < 0 || _sums[i].Node.Level < _sums[found].Node.Level))
            {
                found = i;
            }
        }
        return found >= 0 ? found : throw new ArgumentException($"Shards {node} are not added up here.", nameof(node));
    }

    /// <summary>The numbers of the outgoing frames that wait for the sum over all shards of a slice.</summary>
    public IReadOnlyList<int> GathersOf(int slice) => _gathersOf[slice];

    /// <summary>The frame as it goes over the wire, without its content.</summary>
    public CollectiveFrame ToWire(HierarchicalFrame frame) =>
        new()
        {
            Kind = frame.Kind,
            Bucket = frame.Bucket,
            Chunk = frame.FirstSlice - _firstSlice[frame.Bucket],
            Node = frame.Kind == FrameKind.Reduce ? frame.Node : default,
            Offset = OffsetOf(frame),
        };

    /// <summary>The number of the incoming frame that a peer's frame is, or -1 if this member is sent none like it.</summary>
    public int Find(int sender, CollectiveFrame frame)
    {
        if (frame.Bucket < 0 || frame.Bucket >= _layout.Buckets.Count)
        {
            return -1;
        }
        var (from, to) = OfBucket(frame.Bucket);
        if (frame.Chunk < 0 || frame.Chunk >= to - from || !_index.TryGetValue((frame.Kind, frame.Node, from + frame.Chunk), out var index))
        {
            return -1;
        }
        var expected = _incoming[index];
        return
            expected.Peer == sender
            && OffsetOf(expected) == frame.Offset
            && (frame.Received?.Floats.Length ?? expected.Range.Length) == expected.Range.Length
            ? index
            : -1;
    }

    private long OffsetOf(HierarchicalFrame frame) =>
        (long)(frame.Range.Offset - _layout.Buckets[frame.Bucket].Range.Offset) * sizeof(float);

    private void AddBucket(GradientBucket bucket, HierarchicalSchedule schedule, List<PieceTransfer> reduces, List<PieceTransfer> gathers)
    {
        _firstSlice.Add(_slices.Count);
        // By piece: its first slice, and one past the last piece's.
        var cuts = new int[schedule.Pieces + 1];
        for (var piece = 0; piece < schedule.Pieces; piece++)
        {
            cuts[piece] = _slices.Count;
            foreach (var range in BucketLayout.Slices(schedule.RangeOf(bucket.Range, piece), _frameFloats))
            {
                AddSlice(range, schedule, piece);
            }
        }
        cuts[^1] = _slices.Count;
        AddFrames(FrameKind.Reduce, bucket.Index, reduces, cuts);
        AddFrames(FrameKind.Gather, bucket.Index, gathers, cuts);
    }

    private void AddSlice(FlatRange range, HierarchicalSchedule schedule, int piece)
    {
        _firstSum.Add(_sums.Count);
        foreach (var leaf in Own)
        {
            var exit = schedule.ExitOf(leaf, piece);
            // The leftmost of those that come together: it was there first.
            if (!_sums.Skip(_firstSum[^1]).Any(sum => sum.Node == exit))
            {
                _sums.Add(new PartialSum(exit, _slices.Count, leaf, Frame: -1));
            }
        }
        _slices.Add(range);
        _gathersOf.Add([]);
    }

    private void AddFrames(FrameKind kind, int bucket, List<PieceTransfer> transfers, int[] cuts)
    {
        foreach (var transfer in transfers)
        {
            var end = cuts[transfer.FirstPiece + transfer.Pieces];
            for (var first = cuts[transfer.FirstPiece]; first < end; )
            {
                var (next, floats) = (first, 0);
                while (next < end && (next == first || floats + _slices[next].Length <= _frameFloats))
                {
                    floats += _slices[next++].Length;
                }
                AddFrame(kind, bucket, transfer, first, next - first, floats);
                first = next;
            }
        }
    }

    private void AddFrame(FrameKind kind, int bucket, PieceTransfer transfer, int first, int slices, int floats)
    {
        var sends = transfer.Sender == _plan.OwnRank;
        var frame = new HierarchicalFrame(
            kind,
            bucket,
            transfer.Node,
            sends ? transfer.Receiver : transfer.Sender,
            first,
            slices,
            new FlatRange(_slices[first].Offset, floats),
            transfer.Home,
            transfer.Hops
        );
        if (!sends)
        {
            _index.Add((kind, kind == FrameKind.Reduce ? frame.Node : default, first), _incoming.Count);
            _incoming.Add(frame);
            return;
        }
        for (var slice = first; slice < first + slices; slice++)
        {
            if (kind == FrameKind.Gather)
            {
                _gathersOf[slice].Add(_outgoing.Count);
                continue;
            }
            var sum = _firstSum[slice];
            while (_sums[sum].Node != frame.Node)
            {
                sum++;
            }
            _sums[sum] = _sums[sum] with { Frame = _outgoing.Count };
        }
        _outgoing.Add(frame);
    }
}
