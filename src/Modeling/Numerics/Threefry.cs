using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): a generator
/// without a state. The n-th number follows from the key and n alone, so it can be made again in the backward pass instead of being
/// kept, in any order and in vectors of any width.
/// </summary>
internal static class Threefry
{
    // The constant of the Skein hash that the key schedule's parity starts from.
    private const uint Parity = 0x1BD11BDA;

    /// <summary>Two random words from two words of a counter, in sixteen lanes at once.</summary>
    /// <param name="key0">First half of the key.</param>
    /// <param name="key1">Second half of the key.</param>
    /// <param name="x0">In: first word of the counters. Out: first random words.</param>
    /// <param name="x1">In: second word of the counters. Out: second random words.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(uint key0, uint key1, ref Vector512<uint> x0, ref Vector512<uint> x1)
    {
        var key2 = Parity ^ key0 ^ key1;
        x0 += Vector512.Create(key0);
        x1 += Vector512.Create(key1);
        FourRounds(ref x0, ref x1, 13, 15, 26, 6);
        Inject(ref x0, ref x1, key1, key2 + 1);
        FourRounds(ref x0, ref x1, 17, 29, 16, 24);
        Inject(ref x0, ref x1, key2, key0 + 2);
        FourRounds(ref x0, ref x1, 13, 15, 26, 6);
        Inject(ref x0, ref x1, key0, key1 + 3);
        FourRounds(ref x0, ref x1, 17, 29, 16, 24);
        Inject(ref x0, ref x1, key1, key2 + 4);
        FourRounds(ref x0, ref x1, 13, 15, 26, 6);
        Inject(ref x0, ref x1, key2, key0 + 5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRounds(ref Vector512<uint> x0, ref Vector512<uint> x1, int a, int b, int c, int d)
    {
        Round(ref x0, ref x1, a);
        Round(ref x0, ref x1, b);
        Round(ref x0, ref x1, c);
        Round(ref x0, ref x1, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref Vector512<uint> x0, ref Vector512<uint> x1, int rotation)
    {
        x0 += x1;
        x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inject(ref Vector512<uint> x0, ref Vector512<uint> x1, uint first, uint second)
    {
        x0 += Vector512.Create(first);
        x1 += Vector512.Create(second);
    }
}
