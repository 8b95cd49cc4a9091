using System.Collections.Immutable;
using System.Numerics;

namespace TrainingCluster.Coordinator.Planning;

/// <summary>Shares a job's logical shards out over workers: a pure function of its arguments.</summary>
/// <remarks>
/// The plan never changes what is computed, only where: weights do not depend on it. So it is free to follow measured
/// speed and to keep ranges on the boundaries of the addition tree, where a member has the fewest partial sums to send.
/// </remarks>
public static class ShardPlanner
{
    private const int MostSizes = 16;

    /// <summary>Plans <paramref name="shards"/> logical shards over <paramref name="candidates"/>.</summary>
    /// <param name="shards">V, a power of two.</param>
    /// <param name="candidates">At least one, with distinct names, in any order. With more than V of them only the fastest V take
    /// part.</param>
    /// <exception cref="ArgumentException">V is no power of two, there is no candidate, or names or speeds are bad.</exception>
    public static ShardPlan Plan(int shards, IReadOnlyCollection<ShardCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (shards < 1 || !BitOperations.IsPow2(shards))
        {
            throw new ArgumentException($"{shards} shards: not a power of two.", nameof(shards));
        }
        if (candidates.Count == 0)
        {
            throw new ArgumentException("No worker to plan for.", nameof(candidates));
        }
        if (candidates.DistinctBy(c => c.WorkerId, StringComparer.Ordinal).Count() != candidates.Count)
        {
            throw new ArgumentException("Worker names are not distinct.", nameof(candidates));
        }
        if (candidates.Any(c => c.ShardsPerSecond is { } s && !(s > 0 && double.IsFinite(s))))
        {
            throw new ArgumentException("A measured speed is not positive.", nameof(candidates));
        }

        // A worker without a measurement is taken to be as fast as the mean of those with one.
        var mean = candidates.Where(c => c.ShardsPerSecond is not null).Select(c => c.ShardsPerSecond!.Value).DefaultIfEmpty(1).Average();
        var members = candidates
            .Select(c => (Id: c.WorkerId, Speed: c.ShardsPerSecond ?? mean))
            .OrderByDescending(m => m.Speed)
            .ThenBy(m => m.Id, StringComparer.Ordinal)
            .Take(shards)
            .OrderBy(m => m.Id, StringComparer.Ordinal)
            .ToArray();
        var counts = Share(shards, [.. members.Select(m => m.Speed)]);
        var ranges = Place(members.Zip(counts, (m, count) => (m.Id, Count: count)));
        return new(ranges, Reason(shards, candidates, members.Length, ranges));
    }

    /// <summary>
    /// How many shards each member gets: one each, then one at a time to whoever would be done with it first. This makes the
    /// slowest member's time as short as whole shards allow.
    /// </summary>
    private static int[] Share(int shards, double[] speeds)
    {
        var counts = new int[speeds.Length];
        Array.Fill(counts, 1);
        for (var left = shards - speeds.Length; left > 0; left--)
        {
            var next = 0;
            for (var i = 1; i < speeds.Length; i++)
            {
                if ((counts[i] + 1) / speeds[i] < (counts[next] + 1) / speeds[next])
                {
                    next = i;
                }
            }
            counts[next]++;
        }
        return counts;
    }

    /// <summary>
    /// Lays the ranges side by side; at each place the one that cuts into the fewest aligned subtrees there, then the largest.
    /// </summary>
    private static ImmutableArray<ShardRange> Place(IEnumerable<(string Id, int Count)> members)
    {
        // Those with as many shards are as good as one another: the first by name comes first.
        var waiting = members.GroupBy(m => m.Count, m => m.Id).ToDictionary(equal => equal.Key, equal => new Queue<string>(equal));
        var placed = ImmutableArray.CreateBuilder<ShardRange>();
        for (var first = 0; waiting.Count > 0; )
        {
            var start = first;
            var count = waiting.Keys.MinBy(c => (Subtrees(start, c), -c));
            placed.Add(new(waiting[count].Dequeue(), placed.Count, first, count));
            if (waiting[count].Count == 0)
            {
                waiting.Remove(count);
            }
            first += count;
        }
        return placed.ToImmutable();
    }

    /// <summary>The number of maximal aligned subtrees in [first, first + count): the partial sums that its holder sends.</summary>
    public static int Subtrees(int first, int count)
    {
        var subtrees = 0;
        for (; count > 0; subtrees++)
        {
            var aligned = first == 0 ? int.MaxValue : first & -first;
            var size = Math.Min(aligned, 1 << BitOperations.Log2((uint)count));
            first += size;
            count -= size;
        }
        return subtrees;
    }

    private static string Reason(int shards, IReadOnlyCollection<ShardCandidate> candidates, int used, ImmutableArray<ShardRange> ranges)
    {
        // A sentence for people also where there are many.
        var sizes =
            ranges.Length <= MostSizes
                ? string.Join(" + ", ranges.Select(r => r.ShardCount))
                : string.Join(" + ", ranges.CountBy(r => r.ShardCount).OrderByDescending(c => c.Key).Select(c => $"{c.Value} x {c.Key}"));
        var spare = candidates.Count - used;
        var by = candidates.Any(c => c.ShardsPerSecond is not null) ? "by measured speed" : "evenly";
        return spare == 0
            ? $"{shards} shards over {used} workers {by}: {sizes}"
            : $"{shards} shards over {used} workers {by}: {sizes}; {spare} more workers than shards wait";
    }
}
