using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class ReductionTreeTests
{
    [Theory]
    [InlineData(0, 8, 8, "[0, 8)")]
    [InlineData(0, 3, 8, "[0, 2) [2, 3)")]
    [InlineData(3, 3, 8, "[3, 4) [4, 6)")]
    [InlineData(6, 2, 8, "[6, 8)")]
    [InlineData(1, 6, 8, "[1, 2) [2, 4) [4, 6) [6, 7)")]
    [InlineData(0, 1, 1, "[0, 1)")]
    public void Cover_Range_GivesLargestAlignedNodes(int first, int count, int shards, string expected) =>
        Assert.Equal(expected, string.Join(' ', ReductionTree.Cover(first, count, shards)));

    [Fact]
    public void Cover_ShardsWithGaps_JoinsOnlySiblings() =>
        Assert.Equal("[0, 1) [3, 4) [4, 6)", string.Join(' ', ReductionTree.Cover([0, 3, 4, 5], 8)));

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void Root_NotAPowerOfTwo_Throws(int shards) => Assert.Throws<ArgumentOutOfRangeException>(() => ReductionTree.Root(shards));

    [Fact]
    public void Cover_ShardOutOfRangeOrRepeated_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ReductionTree.Cover([8], 8));
        Assert.Throws<ArgumentException>(() => ReductionTree.Cover([1, 1], 8));
    }

    [Theory]
    [InlineData(8, 3)]
    [InlineData(16, 4)]
    [InlineData(1, 1)]
    public void Accumulation_AllShardsOnOneWorker_NeedsLogarithmicBuffers(int shards, int buffers) =>
        Assert.Equal(buffers, ShardAccumulation.Create([.. Enumerable.Range(0, shards)], shards).BufferCount);

    [Fact]
    public void Accumulation_UnalignedRange_KeepsEachLargestSubtreeInABufferOfItsOwn()
    {
        var completed = ShardAccumulation.Create([1, 2, 3, 4], 8).Stages.Where(s => s.Completes is not null).ToList();
        Assert.Equal(["[1, 2)", "[2, 4)", "[4, 5)"], completed.Select(s => s.Completes.ToString()));
        Assert.Equal(3, completed.Select(s => s.Buffer).Distinct().Count());
    }

    [Fact]
    public void SliceReduction_SameNodeTwice_IsRefused()
    {
        var slice = new SliceReduction<IDisposable>(2, new float[1]);
        Assert.True(slice.TryAdd(new Subtree(0, 0), new float[] { 1 }, null));
        Assert.False(slice.TryAdd(new Subtree(0, 0), new float[] { 1 }, null));
        Assert.False(slice.TryAdd(new Subtree(1, 0), new float[] { 1 }, null));
        Assert.False(slice.TryAdd(new Subtree(0, 2), new float[] { 1 }, null));
        Assert.False(slice.IsComplete);
    }
}
