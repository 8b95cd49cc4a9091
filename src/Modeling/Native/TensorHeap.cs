using System.Numerics;
using System.Runtime.CompilerServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// A heap for blocks that are large, short-lived, and of sizes that differ from step to step: two-level segregated fit (Masmano et al.,
/// "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", 2004). Sizes are rounded up to sixteenths of a power of two, and free
/// blocks are kept by them; two bit maps lead to the smallest list whose blocks are large enough, the rest of a block is cut off, and
/// neighbours that are free are joined at once. Nothing is searched, and holes close by themselves.
/// </summary>
/// <remarks>Memory once touched stays until <see cref="Trim"/>. Safe for several threads.</remarks>
internal sealed unsafe class TensorHeap
{
    /// <summary>Where data begins is a multiple of this, as libtorch wants it; sizes are, too.</summary>
    public const int Alignment = 64;

    /// <summary>A rest smaller than this stays with its block.</summary>
    public const int LeastRest = 16 << 10;

    private const int HeaderBytes = 16;
    private const int Steps = 16;
    private const int LogSteps = 4;
    private const long PageBytes = 4096;

    private readonly byte* _end;
    private readonly Action<nint, nuint> _giveBack;
    private readonly Block*[] _lists = new Block*[64 * Steps];
    private readonly uint[] _filledSteps = new uint[64];
    private ulong _filledPowers;
    private readonly Block* _first;
    private Block* _last;
    private byte* _next;
    private int _lock;

    /// <summary>Makes a heap without blocks.</summary>
    /// <param name="start">Of a range of addresses that need not be backed by memory yet; a multiple of <see cref="Alignment"/>.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="giveBack">Lets the kernel have the pages of a range, which may hold anything afterwards.</param>
    public TensorHeap(byte* start, long bytes, Action<nint, nuint> giveBack)
    {
        _first = (Block*)(start + Alignment - HeaderBytes);
        _next = (byte*)_first;
        _end = start + bytes;
        _giveBack = giveBack;
    }

    /// <summary>Bytes from the first block to the end of the last.</summary>
    public long Bytes => _next - (byte*)_first;

    /// <summary>Whether a block is one of these.</summary>
    public bool Owns(void* data) => data >= _first && data < _end;

    /// <summary>A block; null: the range is used up.</summary>
    /// <param name="bytes">Its least size.</param>
    public void* Allocate(nuint bytes)
    {
        if (bytes > (nuint)(_end - (byte*)_first))
        {
            return null;
        }
        var size = SizeOf((long)bytes);
        Enter();
        try
        {
            var block = TakeFree(size);
            if (block == null)
            {
                block = Extend(size);
            }
            return block == null ? null : (byte*)block + HeaderBytes;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Takes a block back.</summary>
    public void Free(void* data)
    {
        var block = (Block*)((byte*)data - HeaderBytes);
        Enter();
        if (block != _last && Next(block)->IsFree)
        {
            Join(block, Next(block));
        }
        if (block->Before != null && block->Before->IsFree)
        {
            var before = block->Before;
            Remove(before);
            Absorb(before, block);
            block = before;
        }

        Insert(block);
        Exit();
    }

    /// <summary>Gives the pages of free blocks back.</summary>
    public void Trim()
    {
        Enter();
        try
        {
            for (var powers = _filledPowers; powers != 0; powers &= powers - 1)
            {
                var power = BitOperations.TrailingZeroCount(powers);
                for (var steps = _filledSteps[power]; steps != 0; steps &= steps - 1)
                {
                    for (
                        var block = _lists[(power * Steps) + BitOperations.TrailingZeroCount(steps)];
                        block != null;
                        block = block->NextFree
                    )
                    {
                        GiveBack(block);
                    }
                }
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// What a block for so many bytes takes: at most a sixteenth more, so that all blocks in the list of this size are as large.
    /// </summary>
    internal static long SizeOf(long bytes)
    {
        var unit = Math.Max(Alignment, 1L << (BitOperations.Log2((ulong)(bytes + HeaderBytes)) - LogSteps));
        return (bytes + HeaderBytes + unit - 1) / unit * unit;
    }

    // The list that a free block of this size stands in.
    private static int ListOf(long size)
    {
        var power = BitOperations.Log2((ulong)size);
        return (power * Steps) + (int)((size >> (power - LogSteps)) - Steps);
    }

    private static Block* Next(Block* block) => (Block*)((byte*)block + block->Size);

    private Block* TakeFree(long size)
    {
        // The first list whose blocks all hold so many bytes, those freed last before others.
        var (power, step) = Math.DivRem(ListOf(size), Steps);
        var steps = _filledSteps[power] & (~0u << step);
        if (steps == 0)
        {
            var powers = power == 63 ? 0 : _filledPowers & (~0UL << (power + 1));
            if (powers == 0)
            {
                return null;
            }
            power = BitOperations.TrailingZeroCount(powers);
            steps = _filledSteps[power];
        }

        var block = _lists[(power * Steps) + BitOperations.TrailingZeroCount(steps)];
        Remove(block);
        CutRest(block, size);
        return block;
    }

    private void CutRest(Block* block, long size)
    {
        var rest = block->Size - size;
        if (rest < LeastRest)
        {
            return;
        }
        block->Size = size;
        var cut = Next(block);
        cut->Before = block;
        cut->SizeAndFlag = rest;
        if (block == _last)
        {
            _last = cut;
        }
        else
        {
            Next(cut)->Before = cut;
        }
        Insert(cut);
    }

    // At the end: what is free there is a beginning.
    private Block* Extend(long size)
    {
        var block = _last;
        var isNew = block == null || !block->IsFree;
        var missing = isNew ? size : size - block->Size;
        if (missing > _end - _next)
        {
            return null;
        }
        if (isNew)
        {
            block = (Block*)_next;
            block->Before = _last;
            block->SizeAndFlag = size;
            _last = block;
        }
        else
        {
            Remove(block);
            block->Size = size;
        }

        _next += missing;
        return block;
    }

    private void Join(Block* block, Block* next)
    {
        Remove(next);
        Absorb(block, next);
    }

    private void Absorb(Block* block, Block* next)
    {
        block->Size += next->Size;
        if (next == _last)
        {
            _last = block;
        }
        else
        {
            Next(block)->Before = block;
        }
    }

    private void Insert(Block* block)
    {
        var list = ListOf(block->Size);
        block->IsFree = true;
        block->PreviousFree = null;
        block->NextFree = _lists[list];
        if (block->NextFree != null)
        {
            block->NextFree->PreviousFree = block;
        }
        _lists[list] = block;
        _filledSteps[list / Steps] |= 1u << (list % Steps);
        _filledPowers |= 1UL << (list / Steps);
    }

    private void Remove(Block* block)
    {
        block->IsFree = false;
        if (block->NextFree != null)
        {
            block->NextFree->PreviousFree = block->PreviousFree;
        }
        if (block->PreviousFree != null)
        {
            block->PreviousFree->NextFree = block->NextFree;
            return;
        }

        var list = ListOf(block->Size);
        _lists[list] = block->NextFree;
        if (block->NextFree != null)
        {
            return;
        }
        _filledSteps[list / Steps] &= ~(1u << (list % Steps));
        if (_filledSteps[list / Steps] == 0)
        {
            _filledPowers &= ~(1UL << (list / Steps));
        }
    }

    private void GiveBack(Block* block)
    {
        // The header and the links stay, and so do those of the block behind: whole pages in between.
        var from = ((long)block + sizeof(Block) + PageBytes - 1) / PageBytes * PageBytes;
        var to = ((long)block + block->Size) / PageBytes * PageBytes;
        if (to > from)
        {
            _giveBack((nint)from, (nuint)(to - from));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter()
    {
        if (Interlocked.CompareExchange(ref _lock, 1, 0) == 0)
        {
            return;
        }
        var wait = default(SpinWait);
        do
        {
            wait.SpinOnce();
        } while (Interlocked.CompareExchange(ref _lock, 1, 0) != 0);
    }

    private void Exit() => Volatile.Write(ref _lock, 0);

    /// <summary>What stands before the data, and, in a free block, where they were.</summary>
    private struct Block
    {
        /// <summary>The neighbour before it; null: it is the first.</summary>
        public Block* Before;

        /// <summary>Sizes are multiples of <see cref="Alignment"/>: the lowest bit says that the block is free.</summary>
        public long SizeAndFlag;

        public Block* NextFree;
        public Block* PreviousFree;

        public long Size
        {
            readonly get => SizeAndFlag & ~1L;
            set => SizeAndFlag = value | (SizeAndFlag & 1);
        }

        public bool IsFree
        {
            readonly get => (SizeAndFlag & 1) != 0;
            set => SizeAndFlag = value ? SizeAndFlag | 1 : SizeAndFlag & ~1L;
        }
    }
}
