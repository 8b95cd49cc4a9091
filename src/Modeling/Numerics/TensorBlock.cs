namespace TrainingCluster.Modeling.Numerics;

/// <summary>64 elements of a tensor's memory at a time, as float32, whether the tensor is that or bfloat16.</summary>
internal static unsafe class TensorBlock
{
    public const int Elements = 64;

    /// <summary>Reads a block.</summary>
    /// <param name="from">The tensor's first element; contiguous.</param>
    /// <param name="block">Which block.</param>
    /// <param name="count">Elements of the tensor.</param>
    /// <param name="buffer">Room for a block; what the tensor does not fill stays as it is.</param>
    /// <param name="isRounded">Whether the tensor is of bfloat16.</param>
    /// <returns>Elements that were read.</returns>
    public static int Load(byte* from, int block, int count, float* buffer, bool isRounded)
    {
        var at = (long)block * Elements;
        var some = (int)Math.Min(Elements, count - at);
        if (isRounded)
        {
            BFloat16Memory.Widen((ushort*)from + at, buffer, some);
        }
        else
        {
            new ReadOnlySpan<float>((float*)from + at, some).CopyTo(new Span<float>(buffer, Elements));
        }
        return some;
    }

    /// <summary>Writes a block's first elements.</summary>
    public static void Store(float* buffer, byte* to, int block, int some, bool isRounded)
    {
        var at = (long)block * Elements;
        if (isRounded)
        {
            BFloat16Memory.Round(buffer, (ushort*)to + at, some);
        }
        else
        {
            new ReadOnlySpan<float>(buffer, some).CopyTo(new Span<float>((float*)to + at, some));
        }
    }
}
