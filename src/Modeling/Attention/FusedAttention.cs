using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Scaled dot-product attention of all heads as one operation, forward and backward, on what one product has projected. Legend:
/// <c>B</c> batch, <c>H</c> heads, <c>T</c> queries, <c>S</c> keys, <c>K</c> head width, <c>D</c> = H·K.
/// </summary>
/// <remarks>
/// Heads are read where the projections have left them, in bfloat16 where these are in it, and everything of a head happens in the
/// processor's cache (<see cref="AttentionHead"/>). As single operations of libtorch the same takes several passes over the memory,
/// forward and backward, and copies of all heads. Weights that are dropped are those of <see cref="CounterDropout"/>.
/// </remarks>
internal static class FusedAttention
{
    // With more weights a head, libtorch's kernel does better: it keeps none of them.
    private const long MostWeights = 1 << 18;

    /// <summary>Whether there is a kernel for this: sides of some size, in the CPU's memory.</summary>
    public static bool Fits(Tensor query, Tensor key, double dropout) =>
        query.device_type == DeviceType.CPU
        && query.dtype == ScalarType.Float32
        && key.dtype == ScalarType.Float32
        && query.shape[0] == key.shape[0]
        && query.numel() > 0
        && key.numel() > 0
        && query.shape[1] * key.shape[1] <= MostWeights
        && dropout < 1;

    /// <summary>Self-attention.</summary>
    /// <param name="projected_BTD">Queries, keys and values side by side: [B, T, 3·D], float32 or bfloat16.</param>
    /// <param name="heads">H.</param>
    /// <param name="mask">Which keys a query may attend to.</param>
    /// <param name="dropout">Share of the weights set to zero, below 1; 0 outside training.</param>
    /// <returns>[B, T, D], in the projections' type; zeros for a query that nothing is allowed to.</returns>
    public static Tensor Apply(Tensor projected_BTD, int heads, AttentionMask mask, double dropout)
    {
        using var whole = projected_BTD.contiguous();
        var sides = whole.shape;
        var task = new AttentionTask(sides[0], heads, sides[1], sides[1], sides[2] / 3 / heads, mask, dropout);
        return Function.apply(whole, task);
    }

    /// <summary>Attention to a memory.</summary>
    /// <param name="queries_BTD">[B, T, D], float32 or bfloat16.</param>
    /// <param name="memory_BSD">Keys and values side by side: [B, S, 2·D], of the same type.</param>
    /// <param name="heads">As above.</param>
    /// <param name="mask">As above.</param>
    /// <param name="dropout">As above.</param>
    /// <returns>[B, T, D], in the projections' type.</returns>
    public static Tensor Apply(Tensor queries_BTD, Tensor memory_BSD, int heads, AttentionMask mask, double dropout)
    {
        using var queries = queries_BTD.contiguous();
        using var memory = memory_BSD.contiguous();
        var sides = queries.shape;
        var task = new AttentionTask(sides[0], heads, sides[1], memory.shape[1], sides[2] / heads, mask, dropout);
        return Function.apply(queries, memory, task);
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string TaskName = "task";

        public override string Name => nameof(FusedAttention);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var task = (AttentionTask)vars[^1];
            var sides = vars.SkipLast(1).Cast<Tensor>().ToList();
            var weights = empty(task.WeightsShape);
            ctx.save_for_backward([.. sides, weights]);
            ctx.save_data(TaskName, task);
            return task.Forward(sides, weights);
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            using var gradient = grad_output.contiguous();
            return [.. ((AttentionTask)ctx.get_data(TaskName)!).Backward(saved[..^1], saved[^1], gradient), null!];
        }
    }
}
