using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>One call of <see cref="FusedAttention"/>: its sizes, its mask and what it drops; hands out heads to compute.</summary>
internal sealed unsafe class AttentionTask
{
    private readonly int _batch;
    private readonly int _heads;
    private readonly int _queries;
    private readonly int _keys;
    private readonly int _width;
    private readonly CounterDropout.Mask? _dropout;
    private readonly bool _isCausal;
    private readonly byte[]? _allowed;
    private readonly int _allowedBatchStride;
    private readonly int _allowedQueryStride;

    public AttentionTask(long batch, int heads, long queries, long keys, long width, AttentionMask mask, double dropout)
    {
        (_batch, _heads, _queries, _keys, _width) = ((int)batch, heads, (int)queries, (int)keys, (int)width);
        _dropout = dropout > 0 ? CounterDropout.Mask.Draw(dropout) : null;
        _isCausal = mask.IsCausal;
        if (mask.Allowed_BTS is { } allowed_BTS)
        {
            mask.RequireFit(batch, queries, keys);
            var sides = allowed_BTS.shape;
            using var whole = allowed_BTS.expand(sides[0], sides[1], keys).contiguous();
            _allowed = whole.bytes.ToArray();
            _allowedQueryStride = sides[1] == 1 ? 0 : _keys;
            _allowedBatchStride = sides[0] == 1 ? 0 : (int)sides[1] * _keys;
        }
    }

    /// <summary>Of what the forward pass keeps for the backward pass: the weights of each head, before any are dropped.</summary>
    public long[] WeightsShape => [_batch, _heads, _queries, ScoreRow.Room(_keys)];

    /// <param name="sides">Queries, keys and values side by side; or queries, then keys and values.</param>
    /// <param name="weights">Takes the weights in.</param>
    public Tensor Forward(IReadOnlyList<Tensor> sides, Tensor weights)
    {
        var result = empty([_batch, _queries, _heads * _width], sides[0].dtype);
        var (queries, keys, values) = Places(sides);
        var output = new HeadPlace(result, 0);
        ForEachHead(
            (head, batch, number) =>
            {
                head.Load(queries.At(batch, number, _width), keys.At(batch, number, _width), values.At(batch, number, _width));
                Weigh(head, batch);
                head.KeepWeights(WeightsOf(weights, batch, number));
                head.Drop(_dropout, FirstWeight(batch, number));
                head.AddUp(output.At(batch, number, _width));
            }
        );
        return result;
    }

    /// <summary>The gradients of the sides.</summary>
    public IReadOnlyList<Tensor> Backward(IReadOnlyList<Tensor> sides, Tensor weights, Tensor gradient)
    {
        var results = sides.Select(side => empty(side.shape, side.dtype)).ToList();
        var (queries, keys, values) = Places(sides);
        var (toQueries, toKeys, toValues) = Places(results);
        var from = new HeadPlace(gradient, 0);
        ForEachHead(
            (head, batch, number) =>
            {
                head.Load(queries.At(batch, number, _width), keys.At(batch, number, _width), values.At(batch, number, _width));
                head.TakeWeights(WeightsOf(weights, batch, number));
                head.Drop(_dropout, FirstWeight(batch, number));
                head.Differentiate(
                    from.At(batch, number, _width),
                    toQueries.At(batch, number, _width),
                    toKeys.At(batch, number, _width),
                    toValues.At(batch, number, _width)
                );
            }
        );
        return results;
    }

    private (HeadPlace Queries, HeadPlace Keys, HeadPlace Values) Places(IReadOnlyList<Tensor> sides)
    {
        var all = _heads * _width;
        return sides.Count == 1
            ? (new(sides[0], 0), new(sides[0], all), new(sides[0], 2 * all))
            : (new(sides[0], 0), new(sides[1], 0), new(sides[1], all));
    }

    // A head's numbers do not depend on which thread computes it.
    private void ForEachHead(Action<AttentionHead, int, int> compute)
    {
        var threads = get_num_threads();
        void Some(int first, int end)
        {
            using var head = new AttentionHead(_queries, _keys, _width);
            for (var i = first; i < end; i++)
            {
                compute(head, i / _heads, i % _heads);
            }
        }
        var count = _batch * _heads;
        if (threads == 1)
        {
            Some(0, count);
            return;
        }
        Parallel.For(
            0,
            threads,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            part => Some((int)((long)count * part / threads), (int)((long)count * (part + 1) / threads))
        );
    }

    private void Weigh(AttentionHead head, int batch)
    {
        fixed (byte* allowed = _allowed)
        {
            head.Weigh(allowed is null ? null : allowed + (batch * _allowedBatchStride), _allowedQueryStride, _isCausal);
        }
    }

    private long FirstWeight(int batch, int head) => (((long)batch * _heads) + head) * _queries * _keys;

    private float* WeightsOf(Tensor weights, int batch, int head)
    {
        fixed (byte* start = weights.bytes)
        {
            return (float*)start + ((((long)batch * _heads) + head) * _queries * ScoreRow.Room(_keys));
        }
    }
}

/// <summary>Where the heads of all batch rows lie side by side in a tensor [B, rows, columns].</summary>
internal readonly unsafe struct HeadPlace
{
    private readonly byte* _start;
    private readonly long _rows;
    private readonly long _columns;
    private readonly int _firstColumn;
    private readonly bool _isRounded;

    /// <param name="tensor">Contiguous, in the CPU's memory; outlives this.</param>
    /// <param name="firstColumn">Where the first head begins.</param>
    public HeadPlace(Tensor tensor, int firstColumn)
    {
        fixed (byte* start = tensor.bytes)
        {
            _start = start;
        }
        (_rows, _columns, _firstColumn) = (tensor.shape[1], tensor.shape[2], firstColumn);
        _isRounded = tensor.dtype == ScalarType.BFloat16;
    }

    /// <summary>One head of one batch row.</summary>
    public HeadRows At(int batch, int head, int width) =>
        new(_start, (batch * _rows * _columns) + _firstColumn + (head * width), _columns, _isRounded);
}

/// <summary>One head's rows in a tensor.</summary>
/// <param name="Start">The tensor's memory.</param>
/// <param name="First">The first row's first element.</param>
/// <param name="Stride">Elements from row to row.</param>
/// <param name="IsRounded">Whether they are in bfloat16.</param>
internal readonly unsafe record struct HeadRows(nint Start, long First, long Stride, bool IsRounded)
{
    public HeadRows(byte* start, long first, long stride, bool isRounded)
        : this((nint)start, first, stride, isRounded) { }

    /// <summary>Reads rows of some width into rows of full vectors, the rest of which is zeros.</summary>
    public void Read(float* to, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            ScoreRow.Read((byte*)Start, First + (row * Stride), IsRounded, to + (row * ScoreRow.Room(width)), width, filling: 0);
        }
    }

    /// <summary>The reverse.</summary>
    public void Write(float* from, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            ScoreRow.Write(from + (row * ScoreRow.Room(width)), (byte*)Start, First + (row * Stride), IsRounded, width);
        }
    }
}
