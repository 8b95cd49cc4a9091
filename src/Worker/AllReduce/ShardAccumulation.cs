namespace TrainingCluster.Worker.AllReduce;

/// <summary>What becomes of one shard's gradient on the worker that computes it.</summary>
/// <param name="Shard">The shard's number.</param>
/// <param name="Buffer">The gradient buffer that backward adds into.</param>
/// <param name="ClearFirst">
/// True: the buffer is set to zero first. False: it holds the shard's left neighbour, and backward itself adds the two.
/// </param>
/// <param name="Merge">Buffers to add into <paramref name="Buffer"/>, in this order, range by range as gradients become ready.</param>
/// <param name="Completes">
/// The subtree whose sum <paramref name="Buffer"/> then holds, if it is one of the worker's largest: it stays there until the step
/// ends. Null: the sum is still waiting for a sibling that this worker will compute.
/// </param>
public sealed record ShardStage(int Shard, int Buffer, bool ClearFirst, IReadOnlyList<int> Merge, Subtree? Completes);

/// <summary>
/// How a worker adds the gradients of its shards along the <see cref="ReductionTree"/> in as few buffers as possible.
/// </summary>
/// <remarks>
/// A binary counter: two neighbours make a pair, two pairs make four. For V shards on one worker it takes log2(V) buffers, and half
/// of the additions are done by backward itself.
/// </remarks>
public sealed class ShardAccumulation
{
    private ShardAccumulation(IReadOnlyList<ShardStage> stages, int buffers) => (Stages, BufferCount) = (stages, buffers);

    /// <summary>One stage a shard, in the order of computation.</summary>
    public IReadOnlyList<ShardStage> Stages { get; }

    /// <summary>How many gradient buffers the stages use.</summary>
    public int BufferCount { get; }

    /// <summary>Plans the stages of a worker.</summary>
    /// <param name="held">The worker's shards: distinct, ascending, gaps allowed, at least one.</param>
    /// <param name="shards">V, a power of two.</param>
    /// <param name="apart">Whether each shard's gradient is needed by itself: backward adds nothing then, in one buffer more.</param>
    public static ShardAccumulation Create(IReadOnlyList<int> held, int shards, bool apart = false)
    {
        var largest = ReductionTree.Cover(held, shards).ToHashSet();
        if (held.Count == 0)
        {
            throw new ArgumentException("A worker holds at least one shard.", nameof(held));
        }
        var stages = new List<ShardStage>(held.Count);
        var waiting = new Stack<(Subtree Node, int Buffer)>();
        var free = new Stack<int>();
        var buffers = 0;
        foreach (var shard in held)
        {
            var node = new Subtree(0, shard);
            var clear = true;
            int buffer;
            (Subtree Node, int Buffer) left;
            if (!apart && waiting.TryPeek(out left) && left.Node == node.Sibling)
            {
                // AccumulateGrad adds each parameter's whole gradient once: sum(left) + gradient(shard), as the tree says.
                buffer = waiting.Pop().Buffer;
                clear = false;
                node = node.Parent;
            }
            else if (!free.TryPop(out buffer))
            {
                buffer = buffers++;
            }

            var merge = new List<int>();
            while (!largest.Contains(node) && waiting.TryPeek(out left) && left.Node == node.Sibling)
            {
                merge.Add(waiting.Pop().Buffer);
                node = node.Parent;
            }

            var completes = largest.Contains(node);
            if (!completes)
            {
                waiting.Push((node, buffer));
            }
            stages.Add(new ShardStage(shard, buffer, clear, merge, completes ? node : null));
            foreach (var merged in merge)
            {
                free.Push(merged);
            }
        }

        return new ShardAccumulation(stages, buffers);
    }
}
