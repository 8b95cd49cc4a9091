using System.CommandLine;
using System.Diagnostics;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>
/// The limit of a step: nothing but its matrix products, in the precision of the step where this processor has kernels for it and in
/// float32 else, each with the two of its backward pass. Operands are at hand, and results are thrown away.
/// </summary>
internal static class StepProducts
{
    public const string Name = "step-products";

    public static Command Command()
    {
        var command = new Command(Name) { new Option<int>("--rank") };
        command.Hidden = true;
        StepShape.AddTo(command);
        command.SetAction(WorkAsync);
        return command;
    }

    private static async Task<int> WorkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await BenchProcesses.AnswerAsync();
        set_num_threads(parsed.GetValue(StepShape.Threads));
        var step = await MainArenaThread.RunAsync(() =>
        {
            using var outer = NewDisposeScope();
            var isRounded = parsed.GetValue(StepShape.Precision) == "bfloat16" && RoundedMatrices.HasKernels;
            var type = isRounded ? ScalarType.BFloat16 : ScalarType.Float32;
            var products = Products(parsed).Select(shape => new Operands(shape, type)).ToList();
            return StepShape.MedianMilliseconds(
                parsed,
                () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    foreach (var product in products)
                    {
                        product.Run();
                    }
                    return Stopwatch.GetElapsedTime(start);
                },
                cancellationToken
            );
        });
        new StepTimes(step, StepShape.Batches(parsed).Tokens / step * 1e3, peak_rss_mb: BenchTable.PeakMegabytes()).Write();
        return 0;
    }

    /// <summary>All products of a forward pass: how often, how many at a time, and M × K by K × N.</summary>
    private static IEnumerable<Shape> Products(ParseResult parsed)
    {
        var (d, layers, feedForward) = (
            parsed.GetValue(StepShape.D),
            parsed.GetValue(StepShape.Layers),
            parsed.GetValue(StepShape.FeedForward)
        );
        var (rows, s, t) = (parsed.GetValue(StepShape.Batch), parsed.GetValue(StepShape.Source), parsed.GetValue(StepShape.Target));
        var (source, target) = (rows * s, rows * t);
        var heads = parsed.GetValue(StepShape.Heads);
        for (var layer = 0; layer < layers; layer++)
        {
            // Encoder: q, k and v; attention; output; feed-forward.
            yield return new(1, source, d, 3 * d);
            yield return new(rows * heads, s, d / heads, s);
            yield return new(rows * heads, s, s, d / heads);
            yield return new(1, source, d, d);
            yield return new(1, source, d, feedForward);
            yield return new(1, source, feedForward, d);
            // Decoder: the same, and queries, keys, values, attention and output of the attention to the encoder.
            yield return new(1, target, d, 3 * d);
            yield return new(rows * heads, t, d / heads, t);
            yield return new(rows * heads, t, t, d / heads);
            yield return new(1, target, d, d);
            yield return new(1, target, d, d);
            yield return new(1, source, d, 2 * d);
            yield return new(rows * heads, t, d / heads, s);
            yield return new(rows * heads, t, s, d / heads);
            yield return new(1, target, d, d);
            yield return new(1, target, d, feedForward);
            yield return new(1, target, feedForward, d);
        }
        yield return new(1, target, d, parsed.GetValue(StepShape.Vocabulary));
    }

    private sealed record Shape(int Batch, int M, int K, int N);

    /// <summary>A and B of C = A Bᵀ, as a linear layer has it, and C's gradient.</summary>
    private sealed class Operands(Shape shape, ScalarType type)
    {
        private readonly Tensor _a = Random(shape.Batch, shape.M, shape.K, type);
        private readonly Tensor _b = Random(shape.Batch, shape.N, shape.K, type);
        private readonly Tensor _c = Random(shape.Batch, shape.M, shape.N, type);

        public void Run()
        {
            using var scope = NewDisposeScope();
            _ = _a.matmul(_b.mT);
            _ = _c.matmul(_b);
            _ = _c.mT.matmul(_a);
        }

        private static Tensor Random(int batch, int rows, int columns, ScalarType type)
        {
            var values = batch == 1 ? rand(rows, columns) : rand(batch, rows, columns);
            return values.to(type);
        }
    }
}
