using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>A row of scores in the processor's cache: read, turned into probabilities, written.</summary>
internal static unsafe class ScoreRow
{
    /// <summary>Numbers that are worked on at a time.</summary>
    public const int Lanes = 16;

    /// <summary>Numbers to have room for, so that all are in full vectors.</summary>
    public static int Room(int count) => (count + Lanes - 1) / Lanes * Lanes;

    /// <summary>Throws where a label is none of the tokens.</summary>
    public static void CheckLabel(long label, int vocabulary)
    {
        if ((ulong)label >= (ulong)vocabulary)
        {
            throw new ArgumentOutOfRangeException(nameof(label), label, $"A label is one of {vocabulary} tokens.");
        }
    }

    /// <summary>A row becomes float32; what is left of the room is filled.</summary>
    public static void Read(byte* start, long at, bool isRounded, float* z, int count, float filling)
    {
        if (isRounded)
        {
            BFloat16Memory.Widen((ushort*)start + at, z, count);
        }
        else
        {
            new ReadOnlySpan<float>((float*)start + at, count).CopyTo(new Span<float>(z, count));
        }
        new Span<float>(z + count, Room(count) - count).Fill(filling);
    }

    /// <summary>Puts float32 numbers in the place of a row.</summary>
    public static void Write(float* z, byte* start, long at, bool isRounded, int count)
    {
        if (isRounded)
        {
            BFloat16Memory.Round(z, (ushort*)start + at, count);
        }
        else
        {
            new ReadOnlySpan<float>(z, count).CopyTo(new Span<float>((float*)start + at, count));
        }
    }

    /// <summary>Puts zeros in the place of a row.</summary>
    public static void Zero(byte* start, long at, int count, bool isRounded)
    {
        if (isRounded)
        {
            new Span<ushort>((ushort*)start + at, count).Clear();
        }
        else
        {
            new Span<float>((float*)start + at, count).Clear();
        }
    }

    /// <summary>Adds numbers to a row.</summary>
    public static void Add(float* summands, float* z, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector512.Load(z + i) + Vector512.Load(summands + i)).Store(z + i);
        }
        for (; i < count; i++)
        {
            z[i] += summands[i];
        }
    }

    /// <summary>Of all numbers, in an order of its own.</summary>
    public static float Sum(float* z, int count)
    {
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            sums += Vector512.Load(z + i);
        }
        var sum = Sum(sums);
        for (; i < count; i++)
        {
            sum += z[i];
        }
        return sum;
    }

    /// <summary>The greatest number; some number where one is NaN.</summary>
    public static float Greatest(float* z, int room)
    {
        var most = Vector512.Load(z);
        for (var i = Lanes; i < room; i += Lanes)
        {
            most = Vector512.Max(most, Vector512.Load(z + i));
        }
        var greatest = most[0];
        for (var lane = 1; lane < Lanes; lane++)
        {
            greatest = MathF.Max(greatest, most[lane]);
        }
        return greatest;
    }

    /// <summary>e becomes exp(z − greatest); both may be the same.</summary>
    /// <returns>Their sum.</returns>
    public static float Exponentials(float* z, float* e, int room, float greatest)
    {
        var sums = Vector512<float>.Zero;
        for (var i = 0; i < room; i += Lanes)
        {
            var power = VectorExp.Of(Vector512.Load(z + i) - Vector512.Create(greatest));
            power.Store(e + i);
            sums += power;
        }
        return Sum(sums);
    }

    /// <summary>Of a vector, in an order of its own: Vector512.Sum may add in another on another processor.</summary>
    public static float Sum(Vector512<float> sums)
    {
        var (low, high) = (sums.GetLower(), sums.GetUpper());
        var eight = low + high;
        var four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }
}
