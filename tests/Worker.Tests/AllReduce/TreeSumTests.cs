using System.Numerics.Tensors;
using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class TreeSumTests
{
    // Two whole blocks of those in which a slice is added, and a part of one.
    private const int Length = (2 * SliceReduction<Lease>.BlockFloats) + 97;

    [Fact]
    public void Reduction_AnyAssignmentOfShards_GivesTheBitsOfTheTree()
    {
        var cases =
            from level in Gen.Choose(0, 5)
            from workers in Gen.Choose(1, 1 << level)
            from contiguous in Gen.Elements(true, false)
            from seed in Gen.Choose(0, int.MaxValue)
            select (Shards: 1 << level, workers, contiguous, seed);

        Prop.ForAll(
                cases.ToArbitrary(),
                c =>
                {
                    var random = new Random(c.seed);
                    var gradients = Gradients(c.Shards, random);
                    var expected = Sequential(gradients, ReductionTree.Root(c.Shards));
                    var owners = Assign(c.Shards, c.workers, c.contiguous, random);
                    return Reduce(gradients, owners, random).AsSpan().SequenceEqual(expected);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(400));
    }

    [Fact]
    public void Sequential_ShardOrderSum_HasOtherBits()
    {
        // The property above would say nothing if the order of addition did not matter for these numbers.
        var gradients = Gradients(32, new Random(1));
        var sum = new float[Length];
        foreach (var gradient in gradients)
        {
            TensorPrimitives.Add(sum, gradient, sum);
        }
        Assert.False(sum.AsSpan().SequenceEqual(Sequential(gradients, ReductionTree.Root(32))));
    }

    [Fact]
    public void BFloat16_Round_IsToNearestEvenAndLeavesNaN()
    {
        float[] values = [1f, 1.00390625f, 1.01171875f, 1.004f, -3.1415927f, 1e-40f, float.MaxValue, float.NaN, float.NegativeInfinity, 0f];
        GradientPrecision.Rounded.Round(values);
        Assert.Equal(
            [1f, 1f, 1.015625f, 1.0078125f, -3.140625f, 9.1835496e-41f, float.PositiveInfinity, float.NaN, float.NegativeInfinity, 0f],
            values
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1003)]
    public void BFloat16_NarrowAndWiden_GiveRoundedNumbersBack(int count)
    {
        var random = new Random(count);
        var numbers = Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 1e3)).ToArray();
        GradientPrecision.Rounded.Round(numbers);
        var packed = new ushort[count];
        var back = new float[count];
        GradientPrecision.Narrow(numbers, packed);
        GradientPrecision.Widen(packed, back);
        Assert.Equal(numbers, back);
    }

    private static float[][] Gradients(int shards, Random random) =>
        [
            .. Enumerable
                .Range(0, shards)
                .Select(_ =>
                    Enumerable
                        .Range(0, Length)
                        .Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 6))))
                        .ToArray()
                ),
        ];

    private static float[] Sequential(float[][] gradients, Subtree node)
    {
        if (node.Level == 0)
        {
            return [.. gradients[node.Index]];
        }
        var left = Sequential(gradients, new Subtree(node.Level - 1, 2 * node.Index));
        var right = Sequential(gradients, new Subtree(node.Level - 1, (2 * node.Index) + 1));
        return [.. left.Zip(right, (a, b) => a + b)];
    }

    private static List<List<int>> Assign(int shards, int workers, bool contiguous, Random random)
    {
        var owner = Enumerable.Range(0, shards).Select(i => i < workers ? i : random.Next(workers)).ToArray();
        random.Shuffle(owner);
        if (contiguous)
        {
            Array.Sort(owner);
        }
        return [.. Enumerable.Range(0, workers).Select(w => Enumerable.Range(0, shards).Where(s => owner[s] == w).ToList())];
    }

    /// <summary>
    /// What the cluster does, without a network: every worker adds its subtrees, an owner adds what arrives in any order.
    /// </summary>
    private static float[] Reduce(float[][] gradients, List<List<int>> assignment, Random random)
    {
        var partials = new List<(Subtree Node, float[] Values)>();
        foreach (var held in assignment)
        {
            var plan = ShardAccumulation.Create(held, gradients.Length);
            var buffers = Enumerable.Range(0, plan.BufferCount).Select(_ => Enumerable.Repeat(float.NaN, Length).ToArray()).ToArray();
            foreach (var stage in plan.Stages)
            {
                var buffer = buffers[stage.Buffer];
                if (stage.ClearFirst)
                {
                    Array.Clear(buffer);
                }
                TensorPrimitives.Add(buffer, gradients[stage.Shard], buffer);
                foreach (var other in stage.Merge)
                {
                    TensorPrimitives.Add(buffer, buffers[other], buffer);
                }
                if (stage.Completes is { } node)
                {
                    partials.Add((node, buffer));
                }
            }
        }

        var order = partials.ToArray();
        random.Shuffle(order);
        var result = order.Length > 0 && random.Next(2) == 0 ? order[random.Next(order.Length)].Values : new float[Length];
        // As peers' memory that is mapped, whose values must stay: any but the one in the result's place.
        var readOnly = order
            .Where(partial => partial.Values != result && random.Next(2) == 0)
            .Select(partial => (partial.Values, Copy: partial.Values.ToArray()))
            .ToList();
        var leases = new Dictionary<Subtree, Lease>();
        var slice = new SliceReduction<Lease>(gradients.Length, result);
        foreach (var (node, values) in order)
        {
            Assert.True(slice.TryAdd(node, values, leases[node] = new Lease(), readOnly.Exists(kept => kept.Values == values)));
        }
        Assert.True(slice.IsComplete);
        Assert.All(readOnly, kept => Assert.Equal(kept.Copy, kept.Values));
        Assert.All(leases.Values, lease => Assert.Equal(1, lease.Ended));
        return result;
    }

    private sealed class Lease : IDisposable
    {
        public int Ended { get; private set; }

        public void Dispose() => Ended++;
    }
}
