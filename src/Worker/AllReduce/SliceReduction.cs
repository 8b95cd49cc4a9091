namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// One slice of a chunk at its owner: subtree sums of this slice come in any order, and are added along the tree. The last addition
/// gives the root.
/// </summary>
/// <remarks>
/// Siblings that may be written to are added as soon as both are here, so that few buffers are held. What may only be read (memory
/// of a peer) waits until all is here; then each operand is read once, a block at a time, and what lies between stays in the
/// processor's cache. The order of arrival decides when an addition happens, never what is added to what. Not safe for use by
/// several threads at once.
/// </remarks>
/// <typeparam name="TOwner">Who must be told when a buffer is no longer needed; typically a pooled array's lease.</typeparam>
public sealed class SliceReduction<TOwner>
    where TOwner : class, IDisposable
{
    // Four operands, two sums and the result in the first-level cache.
    internal const int BlockFloats = 1024;

    private readonly Subtree _root;
    private readonly Memory<float> _result;
    private readonly List<Operand> _waiting = [];

    /// <summary>Creates a slice that waits for all shards below a node.</summary>
    /// <param name="root">The node whose sum is formed.</param>
    /// <param name="result">Where the sum ends up. One operand may lie exactly there.</param>
    public SliceReduction(Subtree root, Memory<float> result) => (_root, _result) = (root, result);

    /// <summary>Creates a slice that waits for the whole tree.</summary>
    /// <param name="shards">V, a power of two.</param>
    /// <param name="result">Where the sum ends up.</param>
    public SliceReduction(int shards, Memory<float> result)
        : this(ReductionTree.Root(shards), result) { }

    /// <summary>What becomes of each sum.</summary>
    public GradientPrecision Precision { get; init; } = GradientPrecision.Exact;

    /// <summary>True once <c>result</c> holds the sum of the root.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>
    /// Adds one subtree's sum. The buffer belongs to the slice until its owner is disposed, and is written to unless it is read-only.
    /// </summary>
    /// <param name="node">The subtree.</param>
    /// <param name="values">Its sum for this slice.</param>
    /// <param name="owner">Disposed when <paramref name="values"/> is no longer needed; null if nobody needs to know.</param>
    /// <param name="readOnly">Whether <paramref name="values"/> may not be written to.</param>
    /// <returns>False if the node overlaps one that is already here; nothing is changed then.</returns>
    public bool TryAdd(Subtree node, Memory<float> values, TOwner? owner, bool readOnly = false)
    {
        if (values.Length != _result.Length)
        {
            throw new ArgumentException($"The slice has {_result.Length} floats, not {values.Length}.", nameof(values));
        }
        if (IsComplete || !_root.Contains(node) || Overlaps(node))
        {
            return false;
        }
        var current = new Operand(node, values, owner, readOnly);
        while (!current.ReadOnly && TakeWritable(current.Node.Sibling) is { } sibling)
        {
            current = Merge(current, sibling);
        }
        _waiting.Add(current);
        if (_waiting.Sum(operand => operand.Node.ShardCount) == _root.ShardCount)
        {
            Complete();
        }
        return true;
    }

    /// <summary>Lets go of everything that was received.</summary>
    public void Abandon()
    {
        LetGo();
        IsComplete = false;
    }

    private void LetGo()
    {
        foreach (var operand in _waiting)
        {
            operand.Owner?.Dispose();
        }
        _waiting.Clear();
    }

    private Operand Merge(Operand a, Operand b)
    {
        // Whatever stands in the result's place stays there, which saves a copy; a + b and b + a are the same float.
        var (sum, add) = IsResult(b.Values) ? (b, a) : (a, b);
        Precision.Add(sum.Values.Span, add.Values.Span, sum.Values.Span);
        add.Owner?.Dispose();
        return sum with { Node = sum.Node.Parent };
    }

    private void Complete()
    {
        if (_waiting is [var whole])
        {
            if (!IsResult(whole.Values))
            {
                whole.Values.Span.CopyTo(_result.Span);
            }
        }
        else
        {
            _waiting.Sort((a, b) => a.Node.FirstShard.CompareTo(b.Node.FirstShard));
            using var scratch = FrameBuffer.Rent(_root.Level * BlockFloats);
            var sums = new (Subtree Node, Memory<float> Values)[_root.Level + 1];
            for (var at = 0; at < _result.Length; at += BlockFloats)
            {
                AddBlock(at, Math.Min(BlockFloats, _result.Length - at), sums, scratch.Floats);
            }
        }
        LetGo();
        IsComplete = true;
    }

    // As in ReductionTree.Cover: an operand that finds its sibling complete carries into the parent.
    private void AddBlock(int at, int count, Span<(Subtree Node, Memory<float> Values)> sums, Memory<float> scratch)
    {
        var depth = 0;
        foreach (var operand in _waiting)
        {
            var (node, values) = (operand.Node, operand.Values.Slice(at, count));
            while (depth > 0 && sums[depth - 1].Node == node.Sibling)
            {
                depth--;
                // Into the result only at the end: one of the operands may lie there.
                var sum = node.Parent == _root ? _result.Slice(at, count) : scratch.Slice(depth * BlockFloats, count);
                Precision.Add(sums[depth].Values.Span, values.Span, sum.Span);
                (node, values) = (node.Parent, sum);
            }
            sums[depth++] = (node, values);
        }
    }

    private bool IsResult(Memory<float> values) => values.Span.Overlaps(_result.Span);

    private Operand? TakeWritable(Subtree node)
    {
        var index = _waiting.FindIndex(operand => operand.Node == node && !operand.ReadOnly);
        if (index < 0)
        {
            return null;
        }
        var operand = _waiting[index];
        _waiting.RemoveAt(index);
        return operand;
    }

    private bool Overlaps(Subtree node) =>
        _waiting.Exists(operand =>
            operand.Node.FirstShard < node.FirstShard + node.ShardCount
            && node.FirstShard < operand.Node.FirstShard + operand.Node.ShardCount
        );

    private sealed record Operand(Subtree Node, Memory<float> Values, TOwner? Owner, bool ReadOnly);
}
