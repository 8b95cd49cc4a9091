using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>Where heads lie side by side in the rows of a tensor.</summary>
internal readonly unsafe struct HeadPlace
{
    private readonly byte* _start;
    private readonly long _columns;
    private readonly int _firstColumn;
    private readonly bool _isRounded;
    private readonly float* _bias;

    /// <param name="tensor">Contiguous, in the CPU's memory, float32 or bfloat16; outlives this.</param>
    /// <param name="firstColumn">Where the first head begins.</param>
    /// <param name="bias">What is still to be added to each row when it is read; null: nothing.</param>
    public HeadPlace(Tensor tensor, int firstColumn, PendingBias? bias = null)
    {
        fixed (byte* start = tensor.bytes)
        {
            _start = start;
        }
        _bias = bias is null ? null : bias.Start;
        (_columns, _firstColumn, _isRounded) = (tensor.shape[^1], firstColumn, tensor.dtype == ScalarType.BFloat16);
    }

    /// <summary>One head's rows.</summary>
    /// <param name="row">The first one.</param>
    /// <param name="column">The head's first column, counted from the first head's.</param>
    public HeadRows At(int row, int column) =>
        new(_start, (row * _columns) + _firstColumn + column, _columns, _isRounded, _bias is null ? null : _bias + _firstColumn + column);
}

/// <summary>One head's rows in a tensor.</summary>
internal readonly unsafe struct HeadRows(byte* start, long first, long stride, bool isRounded, float* bias)
{
    /// <summary>Reads rows of some width into rows of full vectors, the rest of which is zeros.</summary>
    public void Read(float* to, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            var z = to + (row * ScoreRow.Room(width));
            ScoreRow.Read(start, first + (row * stride), isRounded, z, width, filling: 0);
            if (bias is not null)
            {
                ScoreRow.Add(bias, z, width);
            }
        }
    }

    /// <summary>The reverse.</summary>
    public void Write(float* from, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            ScoreRow.Write(from + (row * ScoreRow.Room(width)), start, first + (row * stride), isRounded, width);
        }
    }
}
