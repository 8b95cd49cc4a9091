using System.Runtime.InteropServices;
using TrainingCluster.Native;

namespace TrainingCluster.Tests.Native;

public sealed unsafe class BlockCacheTests : IDisposable
{
    private const int Bytes = 8 << 20;
    private readonly byte* _range = (byte*)NativeMemory.AlignedAlloc(Bytes, 4096);
    private readonly List<(nint From, nuint Bytes)> _given = [];
    private readonly BlockCache _cache;

    public BlockCacheTests() => _cache = new BlockCache(_range, Bytes, (from, bytes) => _given.Add((from, bytes)));

    public void Dispose() => NativeMemory.AlignedFree(_range);

    [Fact]
    public void SizeOf_AnyBytes_HoldsThemAndIsAtMostAnEighthLarger()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = (long)Math.Pow(2, 12 + (28 * random.NextDouble()));
            var size = BlockCache.SizeOf(bytes);
            Assert.InRange(BlockCache.BytesOf(size), bytes, bytes + (bytes / 8) + 1);
            Assert.True(BlockCache.BytesOf(size - 1) < bytes);
            Assert.Equal(size, BlockCache.SizeOf(BlockCache.BytesOf(size)));
        }
    }

    [Fact]
    public void Allocate_ManyAndFree_BlocksAreAlignedAndNeverOverlap()
    {
        var random = new Random(2);
        var live = new List<(nint At, int Bytes, byte Mark)>();
        for (var round = 0; round < 5000; round++)
        {
            if (live.Count > 12 || (live.Count > 0 && random.Next(2) == 0))
            {
                var index = random.Next(live.Count);
                var (at, bytes, mark) = live[index];
                Assert.Equal(-1, new Span<byte>((void*)at, bytes).IndexOfAnyExcept(mark));
                _cache.Free((void*)at);
                live.RemoveAt(index);
                continue;
            }

            var size = random.Next(1, 300_000);
            var block = _cache.Allocate((nuint)size);
            Assert.True(block != null);
            Assert.True(_cache.Owns(block));
            Assert.Equal(0, (nint)block % BlockCache.Alignment);
            new Span<byte>(block, size).Fill((byte)round);
            live.Add(((nint)block, size, (byte)round));
        }
    }

    [Fact]
    public void Allocate_AfterFree_GivesTheBlockFreedLast()
    {
        var (a, b) = ((nint)_cache.Allocate(100_000), (nint)_cache.Allocate(100_000));
        _cache.Free((void*)a);
        _cache.Free((void*)b);

        Assert.Equal(b, (nint)_cache.Allocate(100_100));
        Assert.Equal(a, (nint)_cache.Allocate(99_900));
    }

    [Fact]
    public void Allocate_NoBlockOfTheSize_TakesOneALittleLargerButNotAMuchLargerOne()
    {
        var large = (nint)_cache.Allocate(130_000);
        _cache.Free((void*)large);
        var before = _cache.Bytes;

        Assert.NotEqual(large, (nint)_cache.Allocate(60_000));
        Assert.True(_cache.Bytes > before);
        Assert.Equal(large, (nint)_cache.Allocate(100_000));
    }

    [Fact]
    public void Allocate_RangeUsedUp_ReturnsNullUntilSomethingIsFreed()
    {
        var blocks = new List<nint>();
        for (var block = (nint)_cache.Allocate(1 << 20); block != 0; block = (nint)_cache.Allocate(1 << 20))
            blocks.Add(block);

        Assert.InRange(blocks.Count, 6, 8);
        Assert.True(_cache.Allocate(Bytes) == null);
        _cache.Free((void*)blocks[0]);
        Assert.Equal(blocks[0], (nint)_cache.Allocate(1 << 20));
    }

    [Fact]
    public void Trim_BlocksFreeSinceTheTrimBefore_GivesTheirPagesBackOnce()
    {
        var (old, used) = ((nint)_cache.Allocate(200_000), (nint)_cache.Allocate(500_000));
        _cache.Free((void*)old);
        _cache.Trim();
        Assert.Empty(_given);
        _cache.Free((void*)used);

        _cache.Trim();

        var (from, bytes) = Assert.Single(_given);
        Assert.Equal(0, from % 4096);
        Assert.InRange(from, old, old + 4096);
        Assert.InRange((long)bytes, 190_000, 230_000);
        _cache.Trim();
        Assert.Equal(2, _given.Count);
        Assert.Equal(old, (nint)_cache.Allocate(200_000));
    }

    [Fact]
    public void AllocateAndFree_OnManyThreads_NoBlockIsGivenTwice()
    {
        var shared = 0;
        var threads = Enumerable.Range(1, 4).Select(number => new Thread(() =>
        {
            for (var round = 0; round < 20_000; round++)
            {
                var block = (int*)_cache.Allocate(40_000);
                *block = number;
                Thread.SpinWait(round % 50);
                if (*block != number)
                    Interlocked.Increment(ref shared);
                _cache.Free(block);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(0, shared);
    }
}
