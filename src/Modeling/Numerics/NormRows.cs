using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Layer normalisation of rows, forward and backward, a row at a time in the processor's cache: y = x̂ γ + β, x̂ = (x − μ) / s,
/// s² = σ² + ε. Legend: <c>N</c> rows, <c>D</c> width.
/// </summary>
/// <param name="x">[…, D] float32, contiguous, in the CPU's memory.</param>
/// <param name="weight_D">γ.</param>
internal sealed unsafe class NormRows(Tensor x, Tensor weight_D)
{
    private const int Lanes = ScoreRow.Lanes;

    // Sums over rows are added up in parts of so many, whatever the number of threads.
    private const int PartRows = 64;

    private readonly int _width = (int)weight_D.shape[0];
    private readonly int _rows = (int)(x.numel() / weight_D.shape[0]);

    /// <summary>x.</summary>
    public Tensor X => x;

    /// <summary>Forward.</summary>
    /// <param name="bias_D">β.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="result">Takes y in: float32 or bfloat16, contiguous.</param>
    /// <returns>μ and 1/s of each row: [N, 2].</returns>
    public Tensor Normalise(Tensor bias_D, double epsilon, Tensor result)
    {
        var moments_N2 = empty(_rows, 2);
        var (from, to, moments) = (Place(x), Place(result), Place(moments_N2));
        var isRounded = result.dtype == ScalarType.BFloat16;
        var room = ScoreRow.Room(_width);
        ForEachPart(part =>
        {
            var buffer = stackalloc float[3 * room];
            var row = buffer + (2 * room);
            Read(weight_D, buffer);
            Read(bias_D, buffer + room);
            for (var i = part * PartRows; i < Math.Min(_rows, (part + 1) * PartRows); i++)
            {
                ScoreRow.Read((byte*)from, (long)i * _width, isRounded: false, row, _width, filling: 0);
                var mean = ScoreRow.Sum(row, _width) / _width;
                var perDeviation = 1 / MathF.Sqrt((Centre(row, mean) / _width) + (float)epsilon);
                var scale = Vector512.Create(perDeviation);
                var at = (float*)moments + (2L * i);
                (at[0], at[1]) = (mean, perDeviation);
                for (var j = 0; j < room; j += Lanes)
                {
                    var normal = Vector512.Load(row + j) * scale;
                    ((normal * Vector512.Load(buffer + j)) + Vector512.Load(buffer + room + j)).Store(row + j);
                }
                ScoreRow.Write(row, (byte*)to, (long)i * _width, isRounded, _width);
            }
        });
        return moments_N2;
    }

    /// <summary>Backward: ∂x = (g − mean(g) − x̂ mean(g x̂)) / s + what comes to x besides, with g = ∂y γ.</summary>
    /// <param name="moments_N2">From the forward pass.</param>
    /// <param name="residual">What comes to x besides: float32, contiguous; null: nothing.</param>
    /// <param name="gradient">∂y: float32 or bfloat16, contiguous.</param>
    /// <returns>∂x, ∂γ and ∂β.</returns>
    public Tensor[] Differentiate(Tensor moments_N2, Tensor? residual, Tensor gradient)
    {
        var result = empty(x.shape);
        var parts = (_rows + PartRows - 1) / PartRows;
        using var sums_P2R = zeros(parts, 2, ScoreRow.Room(_width));
        var (from, to, besides, upper) = (Place(x), Place(result), residual is null ? 0 : Place(residual), Place(gradient));
        var (moments, sums) = (Place(moments_N2), Place(sums_P2R));
        var isRounded = gradient.dtype == ScalarType.BFloat16;
        var room = ScoreRow.Room(_width);
        ForEachPart(part =>
        {
            var buffer = stackalloc float[4 * room];
            float* normal = buffer + room,
                g = buffer + (2 * room),
                other = buffer + (3 * room);
            float* ofWeight = (float*)sums + (2L * part * room),
                ofBias = ofWeight + room;
            Read(weight_D, buffer);
            for (var i = part * PartRows; i < Math.Min(_rows, (part + 1) * PartRows); i++)
            {
                var at = (long)i * _width;
                ScoreRow.Read((byte*)from, at, isRounded: false, normal, _width, filling: 0);
                ScoreRow.Read((byte*)upper, at, isRounded, g, _width, filling: 0);
                if (besides != 0)
                {
                    ScoreRow.Read((byte*)besides, at, isRounded: false, other, _width, filling: 0);
                }
                else
                {
                    new Span<float>(other, room).Clear();
                }
                var (mean, perDeviation) = (((float*)moments)[2 * i], ((float*)moments)[(2 * i) + 1]);
                Centre(normal, mean);
                var scale = Vector512.Create(perDeviation);
                var (sum, product) = (Vector512<float>.Zero, Vector512<float>.Zero);
                for (var j = 0; j < room; j += Lanes)
                {
                    var (hat, dy) = (Vector512.Load(normal + j) * scale, Vector512.Load(g + j));
                    (Vector512.Load(ofWeight + j) + (dy * hat)).Store(ofWeight + j);
                    (Vector512.Load(ofBias + j) + dy).Store(ofBias + j);
                    var scaled = dy * Vector512.Load(buffer + j);
                    hat.Store(normal + j);
                    scaled.Store(g + j);
                    sum += scaled;
                    product += scaled * hat;
                }
                var (ofG, ofProduct) = (Vector512.Create(ScoreRow.Sum(sum) / _width), Vector512.Create(ScoreRow.Sum(product) / _width));
                for (var j = 0; j < room; j += Lanes)
                {
                    var centred = Vector512.Load(g + j) - ofG - (Vector512.Load(normal + j) * ofProduct);
                    ((centred * scale) + Vector512.Load(other + j)).Store(other + j);
                }
                ScoreRow.Write(other, (byte*)to, at, isRounded: false, _width);
            }
        });
        using var added_2R = sums_P2R.sum([0]);
        return [result, added_2R[0].narrow(0, 0, _width).clone(), added_2R[1].narrow(0, 0, _width).clone()];
    }

    /// <summary>Takes the mean away, but not from what fills vectors up.</summary>
    /// <returns>The sum of squares.</returns>
    private float Centre(float* row, float mean)
    {
        var (subtracted, squares) = (Vector512.Create(mean), Vector512<float>.Zero);
        var room = ScoreRow.Room(_width);
        for (var j = 0; j < room; j += Lanes)
        {
            (Vector512.Load(row + j) - subtracted).Store(row + j);
        }
        new Span<float>(row + _width, room - _width).Clear();
        for (var j = 0; j < room; j += Lanes)
        {
            var centred = Vector512.Load(row + j);
            squares += centred * centred;
        }
        return ScoreRow.Sum(squares);
    }

    private void Read(Tensor from_D, float* to) => ScoreRow.Read((byte*)Place(from_D), 0, isRounded: false, to, _width, filling: 0);

    private void ForEachPart(Action<int> compute)
    {
        var parts = (_rows + PartRows - 1) / PartRows;
        var threads = get_num_threads();
        if (threads > 1)
        {
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, compute);
            return;
        }
        for (var part = 0; part < parts; part++)
        {
            compute(part);
        }
    }

    // Of libtorch's memory, which does not move.
    private static nint Place(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes)
        {
            return (nint)start;
        }
    }
}
