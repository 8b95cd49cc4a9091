namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// A node of the fixed binary tree over a job's logical shards: the aligned group of 2^<see cref="Level"/> shards that starts at
/// <see cref="FirstShard"/>. Level 0 is a single shard, the highest level is the root.
/// </summary>
/// <param name="Level">Height above the leaves; the node covers 2^Level shards.</param>
/// <param name="Index">Which of the aligned groups of that size, from the left.</param>
public readonly record struct Subtree(int Level, int Index)
{
    /// <summary>The first shard that the node covers.</summary>
    public int FirstShard => Index << Level;

    /// <summary>How many shards the node covers.</summary>
    public int ShardCount => 1 << Level;

    /// <summary>The node whose two children are this one and its <see cref="Sibling"/>.</summary>
    public Subtree Parent => new(Level + 1, Index >> 1);

    /// <summary>The other child of <see cref="Parent"/>.</summary>
    public Subtree Sibling => new(Level, Index ^ 1);

    /// <summary>Whether the other node is this one or lies below it.</summary>
    public bool Contains(Subtree other) => other.Level >= 0 && other.Level <= Level && other.Index >> (Level - other.Level) == Index;

    /// <inheritdoc/>
    public override string ToString() => $"[{FirstShard}, {FirstShard + ShardCount})";
}
