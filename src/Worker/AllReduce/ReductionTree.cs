using System.Numerics;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The one order in which the gradients of a step's V shards are added: a complete binary tree over shard numbers 0..V-1.
/// </summary>
/// <remarks>
/// Addition of floats is not associative, so the order is part of the result. A worker adds what it holds of the tree, the owner of
/// a slice of the gradient adds the rest; both follow the same tree, so the sum does not depend on who computed what. Within one
/// node the two children may be added in either order: float addition is commutative.
/// </remarks>
public static class ReductionTree
{
    /// <summary>The root of the tree over <paramref name="shards"/> shards.</summary>
    /// <param name="shards">V, a power of two.</param>
    public static Subtree Root(int shards)
    {
        ThrowUnlessPowerOfTwo(shards);
        return new Subtree(BitOperations.Log2((uint)shards), 0);
    }

    /// <summary>The largest nodes that lie wholly within <paramref name="held"/>, in shard order.</summary>
    /// <param name="held">Distinct shard numbers in ascending order; gaps are allowed.</param>
    /// <param name="shards">V, a power of two.</param>
    public static IReadOnlyList<Subtree> Cover(IReadOnlyList<int> held, int shards)
    {
        ThrowUnlessPowerOfTwo(shards);
        ArgumentNullException.ThrowIfNull(held);
        var cover = new List<Subtree>();
        for (var i = 0; i < held.Count; i++)
        {
            if (held[i] < 0 || held[i] >= shards)
            {
                throw new ArgumentOutOfRangeException(nameof(held), held[i], $"A shard number must be in [0, {shards}).");
            }
            if (i > 0 && held[i] <= held[i - 1])
            {
                throw new ArgumentException("Shard numbers must be distinct and ascending.", nameof(held));
            }
            // Like a binary counter: a right child that finds its sibling complete carries into the parent.
            var node = new Subtree(0, held[i]);
            while (cover.Count > 0 && cover[^1] == node.Sibling && node.Level < BitOperations.Log2((uint)shards))
            {
                cover.RemoveAt(cover.Count - 1);
                node = node.Parent;
            }

            cover.Add(node);
        }

        return cover;
    }

    /// <summary>The largest nodes within the shards [<paramref name="first"/>, first + <paramref name="count"/>).</summary>
    public static IReadOnlyList<Subtree> Cover(int first, int count, int shards) => Cover([.. Enumerable.Range(first, count)], shards);

    internal static void ThrowUnlessPowerOfTwo(int shards)
    {
        if (shards < 1 || !BitOperations.IsPow2(shards))
        {
            throw new ArgumentOutOfRangeException(nameof(shards), shards, "The number of logical shards must be a power of two.");
        }
    }
}
