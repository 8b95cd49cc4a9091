using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The all-reduce of one step, directly: this worker's subtree sums go to the owners of their chunks, what arrives for its own chunk
/// is added along the tree, and the finished slices go to everyone.
/// </summary>
internal sealed class StepExchange : IStepExchange
{
    private readonly GradientAllReduce _allReduce;
    private readonly FailureDetector _detector;
    private readonly ProcessGroup _plan;
    private readonly SliceTable _slices;
    private readonly Memory<float> _gradient;
    private readonly SliceReduction<FrameBuffer>?[] _owned;
    private readonly int[] _gathered;
    private readonly int[] _submitted;
    private readonly int[] _expectedReduces;
    private readonly int[] _expectedGathers;
    private readonly SharedPaths _paths;
    private readonly ExchangeProgress _progress;
    private readonly int _sharedResult;
    private readonly int _ownNodes;
    private int _ownRemaining;

    public StepExchange(GradientAllReduce allReduce, long step)
    {
        (_allReduce, Step) = (allReduce, step);
        (_detector, _plan, _slices, _gradient, _paths) = (
            allReduce.Detector,
            allReduce.Plan,
            allReduce.Slices,
            allReduce.Gradient,
            allReduce.Paths
        );
        _owned = new SliceReduction<FrameBuffer>?[_slices.Count];
        _gathered = new int[_slices.Count];
        _submitted = new int[_slices.Buckets];
        _ownNodes = _plan.CoverOf(_plan.OwnRank).Count;
        for (var i = 0; i < _slices.Count; i++)
        {
            if (_slices[i].Owner == _plan.OwnRank)
            {
                _owned[i] = new SliceReduction<FrameBuffer>(_plan.LogicalShards, View(_gradient, i)) { Precision = allReduce.Precision };
            }
        }

        var own = _slices.CountOwnedBy(_plan.OwnRank);
        _expectedReduces =
        [
            .. Enumerable.Range(0, _plan.Workers).Select(rank => rank == _plan.OwnRank ? 0 : own * _plan.CoverOf(rank).Count),
        ];
        _expectedGathers = [.. Enumerable.Range(0, _plan.Workers).Select(rank => rank == _plan.OwnRank ? 0 : _slices.CountOwnedBy(rank))];
        _sharedResult = _paths.NumberOf(_gradient);
        _ownRemaining = own;
        _progress = new ExchangeProgress(
            allReduce,
            // One worker alone holds the whole tree: its own sum is the result, and nobody is waited for.
            _plan.Workers == 1
                ? 0
                : _slices.Count,
            [.. Enumerable.Range(0, _plan.Workers).Select(rank => own > 0 && _sharedResult > 0 && _paths.IsReadBy(rank))]
        );
    }

    /// <summary>The step whose gradient this is.</summary>
    public long Step { get; }

    /// <inheritdoc/>
    public void Submit(int bucket, Subtree node, Memory<float> buffer)
    {
        if (_plan.Workers == 1 || _detector.Failure is not null)
        {
            return;
        }
        var shared = _paths.NumberOf(buffer);
        var (from, to) = _slices.OfBucket(bucket);
        Interlocked.Increment(ref _submitted[bucket]);
        for (var i = from; i < to; i++)
        {
            var slice = _slices[i];
            if (slice.Owner != _plan.OwnRank)
            {
                _progress.Send(slice.Owner, Frame(FrameKind.Reduce, i, node, View(buffer, i), _paths.IsReadBy(slice.Owner) ? shared : 0));
            }
            else
            {
                Add(i, node, View(buffer, i), received: null, readOnly: false);
            }
        }
    }

    /// <inheritdoc/>
    public void Complete(TimeSpan ownPart) =>
        _detector.Wait(() => _progress.IsDone, Missing, ownPart, $"the all-reduce of step {Step}", withinStep: true);

    /// <inheritdoc/>
    public string? Receive(int sender, CollectiveFrame frame)
    {
        if (frame.Kind == FrameKind.Copied)
        {
            return ReceiveCopied(sender);
        }
        var owner = frame.Kind == FrameKind.Reduce ? _plan.OwnRank : sender;
        var floats = frame.Received?.Floats.Length;
        var index = frame.Chunk == owner ? _slices.Find(frame.Bucket, owner, frame.Offset, floats) : -1;
        if (index < 0)
        {
            return $"it names no slice (bucket {frame.Bucket}, chunk {frame.Chunk}, offset {frame.Offset}, {floats} floats)";
        }
        if (frame.Received is { } received)
        {
            return frame.Kind == FrameKind.Reduce
                ? ReceiveReduce(sender, frame, index, received.Floats)
                : ReceiveGather(sender, frame, index, received.Floats);
        }
        // Which buffer it is, is the sender's word; that it is mapped, and as long as the gradient, is this worker's.
        if (_paths.Buffer(sender, frame.SharedBuffer) is not { } buffer)
        {
            return $"it refers to the sender's buffer {frame.SharedBuffer}, which is not mapped here";
        }
        var values = View(buffer.Memory, index);
        frame.PayloadBytes = values.Length * sizeof(float);
        _allReduce.ReadingMemory?.Invoke(sender, frame.Kind);
        return frame.Kind == FrameKind.Reduce ? ReceiveReduce(sender, frame, index, values) : ReceiveGather(sender, frame, index, values);
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        foreach (var owned in _owned)
        {
            if (owned is null)
            {
                continue;
            }
            lock (owned)
            {
                owned.Abandon();
            }
        }
    }

    private string? ReceiveReduce(int sender, CollectiveFrame frame, int index, Memory<float> values)
    {
        if (!_allReduce.CoverOf(sender).Contains(frame.Node))
        {
            return $"shards {frame.Node} are not the sender's";
        }
        if (Interlocked.Decrement(ref _expectedReduces[sender]) < 0)
        {
            return "it comes twice";
        }
        return Add(index, frame.Node, values, frame.Received, readOnly: frame.Received is null) ? null : "it comes twice";
    }

    private string? ReceiveGather(int sender, CollectiveFrame frame, int index, Memory<float> values)
    {
        if (Volatile.Read(ref _submitted[frame.Bucket]) != _ownNodes)
        {
            return "a sum over all shards came before this worker's part was sent";
        }
        if (Interlocked.Exchange(ref _gathered[index], 1) != 0)
        {
            return "it comes twice";
        }
        _allReduce.TakeSum(values, View(_gradient, index));
        frame.Received?.Dispose();
        if (frame.Received is null && !_paths.StillHolds(sender))
        {
            _allReduce.FailForMemoryOf(sender);
            return null;
        }

        if (Interlocked.Decrement(ref _expectedGathers[sender]) == 0 && frame.Received is null)
        {
            _progress.Send(sender, new CollectiveFrame { Step = Step, Kind = FrameKind.Copied });
        }
        _progress.SliceDone();
        return null;
    }

    private string? ReceiveCopied(int sender)
    {
        if (Volatile.Read(ref _ownRemaining) != 0)
        {
            return "this worker's sums have not all been sent yet";
        }
        return _progress.Copied(sender);
    }

    private bool Add(int index, Subtree node, Memory<float> values, FrameBuffer? received, bool readOnly)
    {
        var reduction = _owned[index]!;
        lock (reduction)
        {
            if (!reduction.TryAdd(node, values, received, readOnly))
            {
                return false;
            }
            if (!reduction.IsComplete)
            {
                return true;
            }
        }

        // Nobody leaves a generation in order before this slice is done. A member that has left may have written over what was read here.
        for (var rank = 0; rank < _plan.Workers; rank++)
        {
            if (_paths.StillHolds(rank))
            {
                continue;
            }
            _allReduce.FailForMemoryOf(rank);
            return true;
        }

        Interlocked.Decrement(ref _ownRemaining);
        var result = View(_gradient, index);
        for (var rank = 0; rank < _plan.Workers; rank++)
        {
            if (rank != _plan.OwnRank)
            {
                _progress.Send(rank, Frame(FrameKind.Gather, index, default, result, _paths.IsReadBy(rank) ? _sharedResult : 0));
            }
        }

        _progress.SliceDone();
        return true;
    }

    private CollectiveFrame Frame(FrameKind kind, int index, Subtree node, ReadOnlyMemory<float> floats, int sharedBuffer)
    {
        var slice = _slices[index];
        return new CollectiveFrame
        {
            Step = Step,
            Kind = kind,
            Bucket = slice.Bucket,
            Chunk = slice.Owner,
            Node = node,
            Offset = slice.Offset,
            Floats = floats,
            SharedBuffer = sharedBuffer,
            IsRounded = _allReduce.Precision.IsRounded && sharedBuffer == 0,
        };
    }

    private Awaited Missing()
    {
        // A member that has not sent its own part holds up the others too; a missing sum may be another worker's fault.
        var late = ExchangeProgress.Ranks(_expectedReduces);
        if (late.Count == 0)
        {
            late = ExchangeProgress.Ranks(_expectedGathers);
        }
        return new Awaited(late.Count > 0 ? late : _progress.Copying);
    }

    private Memory<float> View(Memory<float> buffer, int index)
    {
        var range = _slices[index].Range;
        return buffer.Slice(range.Offset, range.Length);
    }
}
