using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed unsafe class TensorHeapTests : IDisposable
{
    private const int Bytes = 8 << 20;
    private readonly byte* _range = (byte*)NativeMemory.AlignedAlloc(Bytes, 4096);
    private readonly List<(nint From, nuint Bytes)> _given = [];
    private readonly TensorHeap _heap;

    public TensorHeapTests() => _heap = new TensorHeap(_range, Bytes, (from, bytes) => _given.Add((from, bytes)));

    public void Dispose() => NativeMemory.AlignedFree(_range);

    [Fact]
    public void SizeOf_AnyBytes_HoldsThemAndIsAtMostASixteenthLarger()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = (long)Math.Pow(2, 14 + (28 * random.NextDouble()));
            var size = TensorHeap.SizeOf(bytes);
            Assert.InRange(size, bytes + 16, bytes + 16 + (bytes / 16) + TensorHeap.Alignment);
            Assert.Equal(0, size % TensorHeap.Alignment);
            Assert.Equal(size, TensorHeap.SizeOf(size - 16));
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
                _heap.Free((void*)at);
                live.RemoveAt(index);
                continue;
            }

            var size = random.Next(1, 300_000);
            var block = _heap.Allocate((nuint)size);
            Assert.True(block != null);
            Assert.True(_heap.Owns(block));
            Assert.Equal(0, (nint)block % TensorHeap.Alignment);
            new Span<byte>(block, size).Fill((byte)round);
            live.Add(((nint)block, size, (byte)round));
        }
    }

    [Fact]
    public void Allocate_AfterFree_GivesTheBlockFreedLast()
    {
        var blocks = Enumerable.Range(0, 4).Select(_ => (nint)_heap.Allocate(100_000)).ToList();
        _heap.Free((void*)blocks[0]);
        _heap.Free((void*)blocks[2]);

        Assert.Equal(blocks[2], (nint)_heap.Allocate(100_100));
        Assert.Equal(blocks[0], (nint)_heap.Allocate(99_900));
    }

    [Fact]
    public void Allocate_FreeBlockIsLarger_CutsOffTheRest()
    {
        var large = (nint)_heap.Allocate(400_000);
        var wall = (nint)_heap.Allocate(100_000);
        var before = _heap.Bytes;
        _heap.Free((void*)large);

        var parts = Enumerable.Range(0, 3).Select(_ => (nint)_heap.Allocate(100_000)).ToList();

        Assert.All(parts, part => Assert.InRange(part, large, wall - 100_000));
        Assert.Equal(before, _heap.Bytes);
    }

    [Fact]
    public void Free_NeighboursInAnyOrder_AreOneBlockAgain()
    {
        int[][] orders =
        [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        foreach (var order in orders)
        {
            var blocks = Enumerable.Range(0, 3).Select(_ => (nint)_heap.Allocate(500_000)).ToList();
            var wall = (nint)_heap.Allocate(100_000);
            var before = _heap.Bytes;
            foreach (var index in order)
            {
                _heap.Free((void*)blocks[index]);
            }

            var all = (nint)_heap.Allocate(1_400_000);
            Assert.Equal(blocks[0], all);
            Assert.Equal(before, _heap.Bytes);
            _heap.Free((void*)all);
            _heap.Free((void*)wall);
        }
    }

    [Fact]
    public void Allocate_LastBlockIsFree_GrowsByWhatIsMissing()
    {
        var block = (nint)_heap.Allocate(300_000);
        _heap.Free((void*)block);

        Assert.Equal(block, (nint)_heap.Allocate(1_000_000));
        Assert.Equal(TensorHeap.SizeOf(1_000_000), _heap.Bytes);
    }

    [Fact]
    public void Allocate_EverOtherSizes_TakesLittleMoreThanWhatIsUsedAtOnce()
    {
        var random = new Random(3);
        var live = new Queue<(nint At, long Bytes)>();
        long used = 0,
            most = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = random.Next(32_000, 400_000);
            used += bytes;
            most = Math.Max(most, used);
            live.Enqueue(((nint)_heap.Allocate((nuint)bytes), bytes));
            if (live.Count <= 10)
            {
                continue;
            }
            var (at, freed) = live.Dequeue();
            _heap.Free((void*)at);
            used -= freed;
        }

        Assert.InRange(_heap.Bytes, most, most * 3 / 2);
    }

    [Fact]
    public void Allocate_RangeUsedUp_ReturnsNullUntilSomethingIsFreed()
    {
        var blocks = new List<nint>();
        for (var block = (nint)_heap.Allocate(1 << 20); block != 0; block = (nint)_heap.Allocate(1 << 20))
        {
            blocks.Add(block);
        }

        Assert.InRange(blocks.Count, 6, 8);
        Assert.True(_heap.Allocate(2 * Bytes) == null);
        _heap.Free((void*)blocks[0]);
        Assert.Equal(blocks[0], (nint)_heap.Allocate(1 << 20));
    }

    [Fact]
    public void Trim_FreeBlocks_GivesTheirPagesBackAndNoOthers()
    {
        var (free, used) = ((nint)_heap.Allocate(200_000), (nint)_heap.Allocate(500_000));
        new Span<byte>((void*)used, 500_000).Fill(7);
        _heap.Free((void*)free);

        _heap.Trim();

        var (from, bytes) = Assert.Single(_given);
        Assert.Equal(0, from % 4096);
        Assert.InRange(from, free, free + 4096);
        Assert.InRange((long)bytes, 190_000, 220_000);
        Assert.True(from + (nint)bytes <= used);
        Assert.Equal(free, (nint)_heap.Allocate(200_000));
    }

    [Fact]
    public void AllocateAndFree_OnManyThreads_NoBlockIsGivenTwice()
    {
        var shared = 0;
        var threads = Enumerable
            .Range(1, 4)
            .Select(number => new Thread(() =>
            {
                for (var round = 0; round < 20_000; round++)
                {
                    var block = (int*)_heap.Allocate(40_000);
                    *block = number;
                    Thread.SpinWait(round % 50);
                    if (*block != number)
                    {
                        Interlocked.Increment(ref shared);
                    }
                    _heap.Free(block);
                }
            }))
            .ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(0, shared);
    }
}
