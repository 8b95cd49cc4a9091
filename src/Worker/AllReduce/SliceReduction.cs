namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// One slice of a chunk at its owner: subtree sums of this slice come in any order, siblings are added as soon as both are here,
/// and the last addition gives the root.
/// </summary>
/// <remarks>
/// The order of arrival decides when an addition happens, never what is added to what. Not safe for use by several threads at once.
/// </remarks>
/// <typeparam name="TOwner">Who must be told when a buffer is no longer needed; typically a pooled array's lease.</typeparam>
public sealed class SliceReduction<TOwner>
    where TOwner : class, IDisposable
{
    private readonly Subtree _root;
    private readonly Memory<float> _result;
    private readonly Func<int, (Memory<float> Values, TOwner Owner)>? _scratch;
    private readonly List<Operand> _waiting = [];

    /// <summary>Creates a slice that waits for all shards below a node.</summary>
    /// <param name="root">The node whose sum is formed.</param>
    /// <param name="result">Where the sum ends up. One operand may lie exactly there.</param>
    /// <param name="scratch">Memory of a given length, for the sum of two operands that may not be written to; null: there are
    /// none.</param>
    public SliceReduction(Subtree root, Memory<float> result, Func<int, (Memory<float> Values, TOwner Owner)>? scratch = null) =>
        (_root, _result, _scratch) = (root, result, scratch);

    /// <summary>Creates a slice that waits for the whole tree.</summary>
    /// <param name="shards">V, a power of two.</param>
    /// <param name="result">Where the sum ends up.</param>
    /// <param name="scratch">Memory for the sum of two operands that may not be written to; null: there are none.</param>
    public SliceReduction(int shards, Memory<float> result, Func<int, (Memory<float> Values, TOwner Owner)>? scratch = null)
        : this(ReductionTree.Root(shards), result, scratch) { }

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
        while (current.Node != _root && TakeWaiting(current.Node.Sibling) is { } sibling)
        {
            current = Merge(current, sibling);
        }
        if (current.Node != _root)
        {
            _waiting.Add(current);
            return true;
        }

        if (!IsResult(current.Values))
        {
            current.Values.Span.CopyTo(_result.Span);
        }
        current.Owner?.Dispose();
        IsComplete = true;
        return true;
    }

    /// <summary>Lets go of everything that was received.</summary>
    public void Abandon()
    {
        foreach (var operand in _waiting)
        {
            operand.Owner?.Dispose();
        }
        _waiting.Clear();
        IsComplete = false;
    }

    private Operand Merge(Operand a, Operand b)
    {
        // Whatever stands in the result's place stays there, which saves a copy; a + b and b + a are the same float.
        var (keep, add) = IsResult(b.Values) || (a.ReadOnly && !IsResult(a.Values)) ? (b, a) : (a, b);
        // Not into the result: what this worker has not handed over yet may lie there.
        var sum = keep.ReadOnly ? NewOperand(keep.Node) : keep;
        Precision.Add(keep.Values.Span, add.Values.Span, sum.Values.Span);
        add.Owner?.Dispose();
        if (keep.ReadOnly)
        {
            keep.Owner?.Dispose();
        }
        return sum with { Node = keep.Node.Parent };
    }

    private Operand NewOperand(Subtree node)
    {
        var (values, owner) = (_scratch ?? throw new InvalidOperationException("Read-only operands need scratch memory."))(_result.Length);
        return new Operand(node, values, owner, ReadOnly: false);
    }

    private bool IsResult(Memory<float> values) => values.Span.Overlaps(_result.Span);

    private Operand? TakeWaiting(Subtree node)
    {
        var index = _waiting.FindIndex(operand => operand.Node == node);
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
