using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Numbers between bfloat16 and float32, in memory.</summary>
internal static unsafe class BFloat16Memory
{
    private const int Lanes = 16;

    /// <summary>A bfloat16 is the upper half of a float.</summary>
    public static void Widen(ushort* from, float* to, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            Widened(from + i).Store(to + i);
        }
        for (; i < count; i++)
        {
            to[i] = Widened(from[i]);
        }
    }

    /// <summary>16 numbers.</summary>
    public static Vector512<float> Widened(ushort* from)
    {
        var (low, high) = Vector256.Widen(Vector256.Load(from));
        return (Vector512.Create(low, high) << 16).AsSingle();
    }

    /// <summary>One number.</summary>
    public static float Widened(ushort number) => BitConverter.UInt32BitsToSingle((uint)number << 16);

    /// <summary>To nearest, ties to even, as libtorch rounds. A NaN stays one.</summary>
    public static void Round(float* from, ushort* to, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            var x = Vector512.Load(from + i);
            var bits = x.AsUInt32();
            var rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u))) >>> 16;
            rounded = Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), rounded, Vector512.Create(0x7FC0u));
            Vector256.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(to + i);
        }
        for (; i < count; i++)
        {
            var bits = BitConverter.SingleToUInt32Bits(from[i]);
            to[i] = float.IsNaN(from[i]) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}
