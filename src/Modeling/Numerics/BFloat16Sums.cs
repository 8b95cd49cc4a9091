using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Sums of bfloat16 numbers in float32.</summary>
internal static unsafe class BFloat16Sums
{
    private const int Lanes = ScoreRow.Lanes;
    private const int RowsAtOnce = 4;

    /// <summary>Adds element to element.</summary>
    /// <param name="from">bfloat16, contiguous.</param>
    /// <param name="to">float32, as many, contiguous.</param>
    public static void Add(Tensor from, Tensor to)
    {
        fixed (byte* source = from.bytes)
        fixed (byte* target = to.bytes)
        {
            AddRow((ushort*)source, (float*)target, (int)from.numel());
        }
    }

    /// <summary>Adds up rows, one after another.</summary>
    /// <param name="from_NO">[N, O] bfloat16, contiguous.</param>
    /// <param name="to_O">[O] float32, contiguous.</param>
    public static void AddRows(Tensor from_NO, Tensor to_O)
    {
        var (rows, columns) = ((int)from_NO.shape[0], (int)from_NO.shape[1]);
        // In a buffer of its own: a sum over one micro-batch is rounded as that, whatever it is added to.
        using var sums_O = zeros(columns);
        fixed (byte* source = from_NO.bytes)
        fixed (byte* target = sums_O.bytes)
        {
            var row = 0;
            for (; row <= rows - RowsAtOnce && columns % Lanes == 0; row += RowsAtOnce)
            {
                AddFour((ushort*)source + ((long)row * columns), (float*)target, columns);
            }
            for (; row < rows; row++)
            {
                AddRow((ushort*)source + ((long)row * columns), (float*)target, columns);
            }
        }
        to_O.add_(sums_O, Number.Of(1));
    }

    // In the order of single rows; the sums stay in registers meanwhile.
    private static void AddFour(ushort* from, float* to, int columns)
    {
        for (var i = 0; i < columns; i += Lanes)
        {
            var sum = Vector512.Load(to + i);
            for (var row = 0; row < RowsAtOnce; row++)
            {
                sum += BFloat16Memory.Widened(from + ((long)row * columns) + i);
            }
            sum.Store(to + i);
        }
    }

    private static void AddRow(ushort* from, float* to, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector512.Load(to + i) + BFloat16Memory.Widened(from + i)).Store(to + i);
        }
        for (; i < count; i++)
        {
            to[i] += BFloat16Memory.Widened(from[i]);
        }
    }
}
