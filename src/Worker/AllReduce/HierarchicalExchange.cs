using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The all-reduce of one step in a large group: sums of halves of each bucket go up the tree from member to member, and the sums over
/// all shards come down the same way (<see cref="HierarchicalSchedule"/>). A member exchanges frames with about log W others.
/// </summary>
/// <remarks>
/// A partial sum is formed in the place of one of this worker's own subtree sums, in a buffer that peers on this machine may read.
/// The sum over all shards of a slice can only come once everything that this worker sent of it has been added, so it may then be
/// written over.
/// </remarks>
internal sealed class HierarchicalExchange : IStepExchange
{
    private readonly GradientAllReduce _allReduce;
    private readonly HierarchicalFrames _frames;
    private readonly FailureDetector _detector;
    private readonly SharedPaths _paths;
    private readonly Memory<float> _gradient;
    private readonly long _step;
    private readonly ExchangeProgress _progress;
    private readonly int _sharedResult;
    private readonly Leaf?[] _leaves;
    private readonly FormingSum[] _sums;
    private readonly int[] _sumsLeft;
    private readonly int[] _slicesLeft;
    private readonly int[] _came;
    private readonly int[][] _pending;
    private readonly int[] _expectedGathers;
    private readonly int[] _gathersLeft;

    /// <param name="allReduce">The generation's.</param>
    /// <param name="frames">What this member sends and is sent.</param>
    /// <param name="step">The step whose gradient this is.</param>
    public HierarchicalExchange(GradientAllReduce allReduce, HierarchicalFrames frames, long step)
    {
        (_allReduce, _frames, _step) = (allReduce, frames, step);
        (_detector, _paths, _gradient) = (allReduce.Detector, allReduce.Paths, allReduce.Gradient);
        _sharedResult = _paths.NumberOf(_gradient);
        _leaves = new Leaf?[frames.Own.Count];
        _sums = [.. frames.Sums.Select(_ => new FormingSum())];
        _sumsLeft = [.. Enumerable.Range(0, frames.Slices.Count).Select(frames.SumsOf)];
        _slicesLeft = [.. frames.Outgoing.Select(frame => frame.Slices)];
        _came = new int[frames.Incoming.Count];

        var workers = allReduce.Plan.Workers;
        _pending =
        [
            .. Enumerable.Range(0, frames.Incoming.Select(frame => frame.Hops).DefaultIfEmpty(-1).Max() + 1).Select(_ => new int[workers]),
        ];
        _expectedGathers = new int[workers];
        foreach (var frame in frames.Incoming)
        {
            _pending[frame.Hops][frame.Peer]++;
            _expectedGathers[frame.Peer] += frame.Kind == FrameKind.Gather ? 1 : 0;
        }
        _gathersLeft = new int[workers];
        foreach (var frame in frames.Outgoing.Where(frame => frame.Kind == FrameKind.Gather))
        {
            _gathersLeft[frame.Peer]++;
        }
        _progress = new ExchangeProgress(
            allReduce,
            frames.Slices.Count,
            [.. _gathersLeft.Select((gathers, rank) => gathers > 0 && _sharedResult > 0 && _paths.IsReadBy(rank))]
        );
    }

    /// <inheritdoc/>
    public void Submit(int bucket, Subtree node, Memory<float> buffer)
    {
        if (_detector.Failure is not null)
        {
            return;
        }
        _leaves[IndexOf(node)] ??= new Leaf(buffer, _paths.NumberOf(buffer));
        var (from, to) = _frames.OfBucket(bucket);
        for (var slice = from; slice < to; slice++)
        {
            var values = View(buffer, slice);
            var sum = _frames.SumOf(slice, node);
            if (_frames.Sums[sum].Home == node)
            {
                Begin(sum, values);
            }
            Add(sum, new Operand(node, values, null, ReadOnly: false));
        }
    }

    /// <inheritdoc/>
    public void Complete(TimeSpan ownPart) =>
        _detector.Wait(() => _progress.IsDone, Missing, ownPart, $"the all-reduce of step {_step}", withinStep: true);

    /// <inheritdoc/>
    public string? Receive(int sender, CollectiveFrame frame)
    {
        if (frame.Kind == FrameKind.Copied)
        {
            return ReceiveCopied(sender);
        }
        var index = _frames.Find(sender, frame);
        if (index < 0)
        {
            return $"this worker is sent no such part (bucket {frame.Bucket}, slice {frame.Chunk}, shards {frame.Node}, "
                + $"offset {frame.Offset}, {frame.Received?.Floats.Length} floats)";
        }
        var expected = _frames.Incoming[index];
        Memory<float> values;
        if (frame.Received is { } received)
        {
            values = received.Floats;
        }
        else if (_paths.Buffer(sender, frame.SharedBuffer) is { } buffer)
        {
            // Which buffer it is, is the sender's word; that it is mapped, and as long as the gradient, is this worker's.
            values = Range(buffer.Memory, expected.Range);
            frame.PayloadBytes = values.Length * sizeof(float);
            _allReduce.ReadingMemory?.Invoke(sender, frame.Kind);
        }
        else
        {
            return $"it refers to the sender's buffer {frame.SharedBuffer}, which is not mapped here";
        }
        if (Interlocked.Exchange(ref _came[index], 1) != 0)
        {
            return "it comes twice";
        }
        var wrong = frame.Kind == FrameKind.Reduce ? ReceiveReduce(expected, frame, values) : ReceiveGather(expected, frame, values);
        if (wrong is null)
        {
            Interlocked.Decrement(ref _pending[expected.Hops][sender]);
        }
        return wrong;
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        foreach (var sum in _sums)
        {
            lock (sum)
            {
                sum.Reduction?.Abandon();
                sum.Early.ForEach(operand => operand.Owner?.Dispose());
                sum.Early.Clear();
            }
        }
    }

    private static Memory<float> Range(Memory<float> buffer, FlatRange range) => buffer.Slice(range.Offset, range.Length);

    private string? ReceiveReduce(HierarchicalFrame expected, CollectiveFrame frame, Memory<float> values)
    {
        var share = frame.Received is { } received ? new FrameShare(received, expected.Slices) : null;
        for (var slice = expected.FirstSlice; slice < expected.FirstSlice + expected.Slices; slice++)
        {
            var range = _frames.Slices[slice];
            var part = values.Slice(range.Offset - expected.Range.Offset, range.Length);
            Add(_frames.SumOf(slice, expected.Node), new Operand(expected.Node, part, share, ReadOnly: share is null));
        }
        return null;
    }

    private string? ReceiveGather(HierarchicalFrame expected, CollectiveFrame frame, Memory<float> values)
    {
        for (var slice = expected.FirstSlice; slice < expected.FirstSlice + expected.Slices; slice++)
        {
            if (Volatile.Read(ref _sumsLeft[slice]) != 0)
            {
                return "a sum over all shards came before this worker's part was sent";
            }
        }
        _allReduce.TakeSum(values, Range(_gradient, expected.Range));
        frame.Received?.Dispose();
        if (frame.Received is null && !_paths.StillHolds(expected.Peer))
        {
            _allReduce.FailForMemoryOf(expected.Peer);
            return null;
        }
        if (Interlocked.Decrement(ref _expectedGathers[expected.Peer]) == 0 && frame.Received is null)
        {
            _progress.Send(expected.Peer, new CollectiveFrame { Step = _step, Kind = FrameKind.Copied });
        }
        for (var slice = expected.FirstSlice; slice < expected.FirstSlice + expected.Slices; slice++)
        {
            Finish(slice);
        }
        return null;
    }

    private string? ReceiveCopied(int sender)
    {
        if (Volatile.Read(ref _gathersLeft[sender]) != 0)
        {
            return "this worker's sums have not all been sent yet";
        }
        return _progress.Copied(sender);
    }

    /// <summary>The own sum is here in whose place the slice's partial sum is formed; the last one ends up in the gradient.</summary>
    private void Begin(int sum, Memory<float> values)
    {
        var (node, slice, _, frame) = _frames.Sums[sum];
        var forming = _sums[sum];
        lock (forming)
        {
            forming.Reduction = new SliceReduction<FrameShare>(node, frame < 0 ? View(_gradient, slice) : values)
            {
                Precision = _allReduce.Precision,
            };
        }
    }

    private void Add(int sum, Operand operand)
    {
        var forming = _sums[sum];
        lock (forming)
        {
            forming.Early.Add(operand);
            if (forming.Reduction is not { } reduction)
            {
                return;
            }
            foreach (var next in forming.Early)
            {
                if (!reduction.TryAdd(next.Node, next.Values, next.Owner, next.ReadOnly))
                {
                    throw new InvalidOperationException($"Shards {next.Node} were added up twice in step {_step}.");
                }
            }
            forming.Early.Clear();
            if (!reduction.IsComplete)
            {
                return;
            }
        }
        Formed(_frames.Sums[sum]);
    }

    private void Formed(PartialSum sum)
    {
        // A member that has left may have written over what was read here.
        foreach (var rank in _frames.ReduceSources)
        {
            if (!_paths.StillHolds(rank))
            {
                _allReduce.FailForMemoryOf(rank);
                return;
            }
        }
        Interlocked.Decrement(ref _sumsLeft[sum.Slice]);
        if (sum.Frame < 0)
        {
            Finish(sum.Slice);
        }
        else
        {
            CountDown(sum.Frame);
        }
    }

    /// <summary>The gradient holds the sum over all shards of a slice.</summary>
    private void Finish(int slice)
    {
        foreach (var frame in _frames.GathersOf(slice))
        {
            CountDown(frame);
        }
        _progress.SliceDone();
    }

    /// <summary>One more slice of a frame is ready; it is sent with the last.</summary>
    private void CountDown(int number)
    {
        if (Interlocked.Decrement(ref _slicesLeft[number]) != 0)
        {
            return;
        }
        var planned = _frames.Outgoing[number];
        var (buffer, shared) = planned.Kind == FrameKind.Reduce ? _leaves[IndexOf(planned.Home)]! : new Leaf(_gradient, _sharedResult);
        var frame = _frames.ToWire(planned);
        frame.Step = _step;
        frame.Floats = Range(buffer, planned.Range);
        frame.SharedBuffer = _paths.IsReadBy(planned.Peer) ? shared : 0;
        frame.IsRounded = _allReduce.Precision.IsRounded && frame.SharedBuffer == 0;
        if (planned.Kind == FrameKind.Gather)
        {
            Interlocked.Decrement(ref _gathersLeft[planned.Peer]);
        }
        _progress.Send(planned.Peer, frame);
    }

    /// <summary>Those whose frames depend on the fewest others: a member that waits itself sends nothing either.</summary>
    private Awaited Missing()
    {
        for (var hops = 0; hops < _pending.Length; hops++)
        {
            var late = ExchangeProgress.Ranks(_pending[hops]);
            if (late.Count > 0)
            {
                return new Awaited(late, hops);
            }
        }
        return new Awaited(_progress.Copying, _pending.Length);
    }

    private int IndexOf(Subtree own)
    {
        for (var i = 0; i < _frames.Own.Count; i++)
        {
            if (_frames.Own[i] == own)
            {
                return i;
            }
        }
        throw new ArgumentException($"Shards {own} are not this worker's.", nameof(own));
    }

    private Memory<float> View(Memory<float> buffer, int slice) => Range(buffer, _frames.Slices[slice]);

    /// <summary>A buffer with one of this worker's subtree sums, and its number among those that are shared.</summary>
    private sealed record Leaf(Memory<float> Buffer, int Shared);

    private readonly record struct Operand(Subtree Node, Memory<float> Values, FrameShare? Owner, bool ReadOnly);

    /// <summary>A partial sum of one slice, and what came of it before this worker's own part. Locked while it is added to.</summary>
    private sealed class FormingSum
    {
        public List<Operand> Early { get; } = [];

        public SliceReduction<FrameShare>? Reduction { get; set; }
    }
}
