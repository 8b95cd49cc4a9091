using System.Diagnostics.CodeAnalysis;
using TrainingCluster.Collective;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The all-reduce of one step: this worker's subtree sums go to the owners of their chunks, what arrives for its own chunk is added
/// along the tree, and the finished pieces go to everyone.
/// </summary>
/// <remarks>
/// Pieces do not wait for one another: each is added as soon as its operands are here and sent as soon as it is added, while
/// backward computes the next bucket. May come into being by a peer's early frame; nothing is written into the gradient buffer
/// before this worker's own part of the piece was submitted.
/// </remarks>
public sealed class StepExchange
{
    private readonly CollectiveGroup _group;
    private readonly PieceTable _pieces;
    private readonly Memory<float> _gradient;
    private readonly PieceReduction<FrameBuffer>?[] _owned;
    private readonly int[] _gathered;
    private readonly int[] _submitted;
    private readonly int[] _expectedReduces;
    private readonly int[] _expectedGathers;
    private readonly int _ownNodes;
    private int _remaining;
    private int _unsent;

    internal StepExchange(CollectiveGroup group, long step, Memory<float> gradient)
    {
        (_group, Step, _gradient) = (group, step, gradient);
        var plan = group.Plan;
        _pieces = group.Pieces;
        _owned = new PieceReduction<FrameBuffer>?[_pieces.Count];
        _gathered = new int[_pieces.Count];
        _submitted = new int[_pieces.Buckets];
        _ownNodes = plan.CoverOf(plan.OwnRank).Count;
        for (var i = 0; i < _pieces.Count; i++)
        {
            if (_pieces[i].Owner == plan.OwnRank)
                _owned[i] = new PieceReduction<FrameBuffer>(plan.LogicalShards, Slice(gradient, i));
        }

        // One worker alone holds the whole tree: its own sum is the result, and nobody is waited for.
        _remaining = plan.Workers == 1 ? 0 : _pieces.Count;
        var own = _pieces.CountOwnedBy(plan.OwnRank);
        _expectedReduces = [.. Enumerable.Range(0, plan.Workers).Select(rank => rank == plan.OwnRank ? 0 : own * plan.CoverOf(rank).Count)];
        _expectedGathers = [.. Enumerable.Range(0, plan.Workers).Select(rank => rank == plan.OwnRank ? 0 : _pieces.CountOwnedBy(rank))];
    }

    /// <summary>The step whose gradient this is.</summary>
    public long Step { get; }

    internal bool IsDone => Volatile.Read(ref _remaining) == 0 && Volatile.Read(ref _unsent) == 0;

    /// <summary>
    /// Hands over one subtree's sum of one bucket. Returns at once; the buffer must stay as it is in this range until the step is
    /// complete or the group is disposed.
    /// </summary>
    /// <param name="bucket">Index of the bucket.</param>
    /// <param name="node">One of this worker's largest subtrees.</param>
    /// <param name="buffer">The flat buffer that holds its sum.</param>
    public void Submit(int bucket, Subtree node, Memory<float> buffer)
    {
        var plan = _group.Plan;
        if (plan.Workers == 1 || _group.Failure is not null)
            return;
        var (from, to) = _pieces.OfBucket(bucket);
        Interlocked.Increment(ref _submitted[bucket]);
        for (var i = from; i < to; i++)
        {
            var piece = _pieces[i];
            if (piece.Owner != plan.OwnRank)
                Send(piece.Owner, Frame(FrameKind.Reduce, i, node, Slice(buffer, i)));
            else
                Add(i, node, Slice(buffer, i), received: null);
        }
    }

    /// <summary>
    /// Waits until the buffer of the last submitted subtree holds the sum over all shards, and until everything that this worker
    /// owes the others has been sent.
    /// </summary>
    /// <param name="ownPart">How long this worker took for its own part of the step; the time limit follows from it.</param>
    /// <returns>Null: the sum is there. Otherwise the gradient is unusable.</returns>
    public CollectiveFailure? Complete(TimeSpan ownPart) => _group.Wait(() => IsDone, ownPart, Missing, $"the all-reduce of step {Step}", withinStep: true);

    /// <summary>Takes a peer's frame. Returns what is wrong with it, or null.</summary>
    internal string? Receive(int sender, WireFrame frame)
    {
        var plan = _group.Plan;
        var received = frame.Received!;
        var owner = frame.Kind == FrameKind.Reduce ? plan.OwnRank : sender;
        var index = frame.Chunk == owner ? _pieces.Find(frame.Bucket, owner, frame.Offset, received.Floats.Length) : -1;
        if (index < 0)
            return $"it names no piece (bucket {frame.Bucket}, chunk {frame.Chunk}, offset {frame.Offset}, {received.Floats.Length} floats)";
        if (frame.Kind == FrameKind.Reduce)
        {
            if (!_group.CoverOf(sender).Contains(frame.Node))
                return $"shards {frame.Node} are not the sender's";
            if (Interlocked.Decrement(ref _expectedReduces[sender]) < 0)
                return "it comes twice";
            return Add(index, frame.Node, received.Floats, received) ? null : "it comes twice";
        }

        if (Volatile.Read(ref _submitted[frame.Bucket]) != _ownNodes)
            return "a sum over all shards came before this worker's part was sent";
        if (Interlocked.Exchange(ref _gathered[index], 1) != 0)
            return "it comes twice";
        Interlocked.Decrement(ref _expectedGathers[sender]);
        received.Floats.CopyTo(Slice(_gradient, index));
        received.Dispose();
        PieceDone();
        return null;
    }

    /// <summary>Lets go of what was received for a step that will not be completed.</summary>
    internal void Abandon()
    {
        foreach (var owned in _owned)
        {
            if (owned is null)
                continue;
            lock (owned)
                owned.Abandon();
        }
    }

    private bool Add(int index, Subtree node, Memory<float> values, FrameBuffer? received)
    {
        var reduction = _owned[index]!;
        lock (reduction)
        {
            if (!reduction.TryAdd(node, values, received))
                return false;
            if (!reduction.IsComplete)
                return true;
        }

        var result = Slice(_gradient, index);
        for (var rank = 0; rank < _group.Plan.Workers; rank++)
        {
            if (rank != _group.Plan.OwnRank)
                Send(rank, Frame(FrameKind.Gather, index, default, result));
        }

        PieceDone();
        return true;
    }

    private WireFrame Frame(FrameKind kind, int index, Subtree node, ReadOnlyMemory<float> floats)
    {
        var piece = _pieces[index];
        return new WireFrame
        {
            Step = Step,
            Kind = kind,
            Bucket = piece.Bucket,
            Chunk = piece.Owner,
            Node = node,
            Offset = piece.Offset,
            Floats = floats,
            Taken = Taken,
        };
    }

    private void Send(int rank, WireFrame frame)
    {
        Interlocked.Increment(ref _unsent);
        _group.Send(rank, frame);
    }

    private void Taken()
    {
        if (Interlocked.Decrement(ref _unsent) == 0)
            _group.Pulse();
    }

    private void PieceDone()
    {
        if (Interlocked.Decrement(ref _remaining) == 0)
            _group.Pulse();
    }

    [SuppressMessage("Style", "IDE0305", Justification = "A query reads better.")]
    private IReadOnlyList<int> Missing()
    {
        // Whoever has not sent its own part holds up the others too; a missing sum may be another worker's fault.
        var late = Ranks(_expectedReduces);
        return late.Count > 0 ? late : Ranks(_expectedGathers);

        static List<int> Ranks(int[] expected) =>
            Enumerable.Range(0, expected.Length).Where(rank => Volatile.Read(ref expected[rank]) > 0).ToList();
    }

    private Memory<float> Slice(Memory<float> buffer, int index)
    {
        var range = _pieces[index].Range;
        return buffer.Slice(range.Offset, range.Length);
    }
}
