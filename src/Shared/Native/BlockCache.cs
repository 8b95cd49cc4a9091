using System.Numerics;
using System.Runtime.CompilerServices;

namespace TrainingCluster.Native;

/// <summary>
/// Blocks of memory by size, kept when they are freed: the next block of about that size is the one freed last, whose pages are there
/// and whose lines may still be in the cache. Made for tensors: few, large, of sizes that differ from step to step.
/// </summary>
/// <remarks>
/// Sizes are rounded up to eighths of a power of two, so that a block is at most an eighth larger than asked for; where there is no
/// free block of a size, one that is up to <see cref="LargerSizes"/> sizes larger serves. Blocks are never cut or joined: nothing is
/// searched, and there are no holes. Safe for several threads.
/// </remarks>
internal sealed unsafe class BlockCache
{
    /// <summary>Where data begins is a multiple of this, as libtorch wants it.</summary>
    public const int Alignment = 64;

    /// <summary>How many sizes further a free block is looked for.</summary>
    public const int LargerSizes = 3;

    private const int SizesPerDoubling = 8;
    private const long PageBytes = 4096;

    private readonly byte* _start;
    private readonly byte* _end;
    private readonly Action<nint, nuint> _giveBack;
    private readonly Header*[] _free = new Header*[64 * SizesPerDoubling];
    private byte* _next;
    private long _trims;
    private int _lock;

    /// <summary>Makes a cache without blocks.</summary>
    /// <param name="start">Of a range of addresses that need not be backed by memory yet; a multiple of <see cref="Alignment"/>.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="giveBack">Lets the kernel have the pages of a range, which read as zeros afterwards.</param>
    public BlockCache(byte* start, long bytes, Action<nint, nuint> giveBack)
    {
        _start = _next = start;
        _end = start + bytes;
        _giveBack = giveBack;
    }

    /// <summary>Bytes of all blocks that were ever made.</summary>
    public long Bytes => _next - _start;

    /// <summary>Whether a block is one of these.</summary>
    public bool Owns(void* block) => block >= _start && block < _end;

    /// <summary>A block; null: the range is used up.</summary>
    /// <param name="bytes">Its least size.</param>
    public void* Allocate(nuint bytes)
    {
        if (bytes > (nuint)(_end - _start))
            return null;
        var size = SizeOf((long)bytes + Alignment);
        Enter();
        try
        {
            for (var larger = size; larger <= size + LargerSizes; larger++)
            {
                var free = _free[larger];
                if (free == null)
                    continue;
                _free[larger] = free->Next;
                return (byte*)free + Alignment;
            }

            return Carve(size);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Takes a block back.</summary>
    public void Free(void* block)
    {
        var header = (Header*)((byte*)block - Alignment);
        Enter();
        header->Next = _free[header->Size];
        header->FreedAt = _trims;
        header->IsCold = false;
        _free[header->Size] = header;
        Exit();
    }

    /// <summary>Gives back the pages of the blocks that have been free since the trim before.</summary>
    public void Trim()
    {
        Enter();
        try
        {
            for (var size = 0; size < _free.Length; size++)
            {
                for (var block = _free[size]; block != null; block = block->Next)
                {
                    if (!block->IsCold && block->FreedAt < _trims)
                        GiveBack(block);
                }
            }

            _trims++;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>The number of the smallest size that holds so many bytes.</summary>
    internal static int SizeOf(long bytes)
    {
        var unit = BitOperations.Log2((ulong)Math.Max(bytes, PageBytes)) - 3;
        var eighths = (int)((Math.Max(bytes, PageBytes) + (1L << unit) - 1) >> unit);
        return ((unit + 3) * SizesPerDoubling) + eighths - SizesPerDoubling;
    }

    /// <summary>How many bytes a size has.</summary>
    internal static long BytesOf(int size) => (long)(SizesPerDoubling + (size % SizesPerDoubling)) << ((size / SizesPerDoubling) - 3);

    private byte* Carve(int size)
    {
        var bytes = BytesOf(size);
        if (bytes > _end - _next)
            return null;
        var header = (Header*)_next;
        _next += bytes;
        header->Size = size;
        return (byte*)header + Alignment;
    }

    private void GiveBack(Header* block)
    {
        // The header stays: whole pages behind it.
        var from = ((long)block + Alignment + PageBytes - 1) / PageBytes * PageBytes;
        var to = ((long)block + BytesOf(block->Size)) / PageBytes * PageBytes;
        if (to > from)
            _giveBack((nint)from, (nuint)(to - from));
        block->IsCold = true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter()
    {
        if (Interlocked.CompareExchange(ref _lock, 1, 0) == 0)
            return;
        var wait = default(SpinWait);
        do
            wait.SpinOnce();
        while (Interlocked.CompareExchange(ref _lock, 1, 0) != 0);
    }

    private void Exit() => Volatile.Write(ref _lock, 0);

    /// <summary>Stands in the <see cref="Alignment"/> bytes before the data.</summary>
    private struct Header
    {
        public Header* Next;
        public long FreedAt;
        public int Size;
        public bool IsCold;
    }
}
