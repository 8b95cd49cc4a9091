using System.Runtime.Intrinsics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Embeddings of tokens with their positions, dropout(s E[token] + p), in one pass over the memory, forward and backward. Legend:
/// <c>N</c> tokens, <c>V</c> vocabulary, <c>L</c> positions, <c>D</c> width.
/// </summary>
/// <remarks>The elements that are dropped are those of <see cref="CounterDropout"/>.</remarks>
internal static class EmbeddedRows
{
    /// <summary>Whether this is for such embeddings.</summary>
    /// <param name="table_VD">E.</param>
    /// <param name="encodings_LD">Of all positions; null: none.</param>
    /// <param name="dropout">p.</param>
    public static bool Fits(Tensor table_VD, Tensor? encodings_LD, double dropout) =>
        table_VD is { device_type: DeviceType.CPU, dtype: ScalarType.Float32 }
        && table_VD.shape[1] % TensorBlock.Elements == 0
        && encodings_LD is null or { requires_grad: false }
        && dropout is >= 0 and < 1;

    /// <summary>The embeddings.</summary>
    /// <param name="table_VD">E.</param>
    /// <param name="tokens_N">Rows of E.</param>
    /// <param name="gradient">E's.</param>
    /// <param name="options">How they are made.</param>
    /// <returns>[1, N, D] float32.</returns>
    public static Tensor Apply(Parameter table_VD, long[] tokens_N, SharedGradient gradient, EmbeddingOptions options)
    {
        var wrong = Array.FindIndex(tokens_N, token => (ulong)token >= (ulong)table_VD.shape[0]);
        if (wrong >= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(tokens_N), tokens_N[wrong], $"A token is one of {table_VD.shape[0]}.");
        }
        var mask = options.Dropout > 0 ? CounterDropout.Mask.Draw(options.Dropout) : null;
        return Function.apply(table_VD, new Task(tokens_N, gradient, options, mask));
    }

    private sealed record Task(long[] Tokens_N, SharedGradient Gradient, EmbeddingOptions Options, CounterDropout.Mask? Mask);

    private sealed unsafe class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string TaskName = "task";

        public override string Name => nameof(EmbeddedRows);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (table_VD, task) = ((Tensor)vars[0], (Task)vars[1]);
            ctx.save_data(TaskName, task);
            var (tokens, places, width) = (task.Tokens_N, task.Options.Positions_N, table_VD.shape[1]);
            var result = empty(1, tokens.Length, width);
            var scale = Vector512.Create((float)task.Options.Scale);
            var blocks = (int)(width / TensorBlock.Elements);
            using var encodings_LD = task.Options.Encodings_LD?.contiguous();
            fixed (byte* table = table_VD.bytes)
            fixed (byte* output = result.bytes)
            fixed (byte* encodings = encodings_LD is null ? default : encodings_LD.bytes)
            {
                for (var i = 0; i < tokens.Length; i++)
                {
                    var from = (float*)table + (tokens[i] * width);
                    var to = (float*)output + (i * width);
                    var position = encodings is null ? null : (float*)encodings + (places[i] * width);
                    for (var j = 0; j < width; j += Vector512<float>.Count)
                    {
                        var scaled = Vector512.Load(from + j) * scale;
                        (position is null ? scaled : scaled + Vector512.Load(position + j)).Store(to + j);
                    }
                    for (var block = 0; block < blocks && task.Mask is { } mask; block++)
                    {
                        var at = to + (block * TensorBlock.Elements);
                        mask.TimesBlock(at, at, (i * blocks) + block);
                    }
                }
            }
            return result;
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var task = (Task)ctx.get_data(TaskName)!;
            using var gradient = grad_output.contiguous();
            fixed (byte* start = gradient.bytes)
            {
                var from = (float*)start;
                return [task.Gradient.Add(table => AddGradients(task, from, gradient.shape[^1], table))!, null!];
            }
        }

        private static void AddGradients(Task task, float* from, long width, float* table)
        {
            var scale = Vector512.Create((float)task.Options.Scale);
            var blocks = (int)(width / TensorBlock.Elements);
            var buffer = stackalloc float[TensorBlock.Elements];
            for (var i = 0; i < task.Tokens_N.Length; i++)
            {
                var to = table + (task.Tokens_N[i] * width);
                for (var block = i * blocks; block < (i + 1) * blocks; block++, to += TensorBlock.Elements)
                {
                    var at = from + ((long)block * TensorBlock.Elements);
                    task.Mask?.TimesBlock(at, buffer, block);
                    AddScaled(task.Mask is null ? at : buffer, scale, to);
                }
            }
        }

        private static void AddScaled(float* from, Vector512<float> scale, float* to)
        {
            for (var i = 0; i < TensorBlock.Elements; i += Vector512<float>.Count)
            {
                (Vector512.Load(to + i) + (Vector512.Load(from + i) * scale)).Store(to + i);
            }
        }
    }
}

/// <summary>How embeddings are made of rows of a table.</summary>
/// <param name="Scale">s.</param>
/// <param name="Encodings_LD">Of all positions, float32, in the CPU's memory, without gradient; null: none are added.</param>
/// <param name="Positions_N">Each token's position.</param>
/// <param name="Dropout">p in [0, 1).</param>
internal sealed record EmbeddingOptions(double Scale, Tensor? Encodings_LD, long[] Positions_N, double Dropout);
