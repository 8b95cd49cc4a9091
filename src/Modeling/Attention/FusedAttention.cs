using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Scaled dot-product attention of packed sentences (<see cref="PackedRows"/>) as one operation, forward and backward, on what one
/// product has projected. Legend: <c>N</c> queries, <c>M</c> keys, of all sentences; <c>H</c> heads, <c>D</c> all heads' width.
/// </summary>
/// <remarks>
/// Heads are read where the projections have left them, in bfloat16 where these are in it, and everything of a head happens in the
/// processor's cache (<see cref="AttentionHead"/>). As single operations of libtorch the same takes several passes over the memory,
/// forward and backward, and copies of all heads. Weights that are dropped are those of <see cref="CounterDropout"/>.
/// </remarks>
internal static class FusedAttention
{
    /// <summary>Whether heads are small enough: with more weights libtorch's kernel does better, as it keeps none of them.</summary>
    public static bool Fits(PackedRows queries, PackedRows keys) => (long)queries.Longest * keys.Longest <= 1 << 18;

    /// <summary>Self-attention.</summary>
    /// <param name="projected_1ND">Queries, keys and values side by side: [1, N, 3·D], float32 or bfloat16, in the CPU's memory.</param>
    /// <param name="heads">H.</param>
    /// <param name="mask">Packed.</param>
    /// <param name="dropout">Share of the weights set to zero, below 1; 0 outside training.</param>
    /// <param name="rotary">Rotates queries and keys by their place in the sentence; null: not.</param>
    /// <returns>[1, N, D], in the projections' type; zeros for padding and for a query that nothing is allowed to.</returns>
    public static Tensor Apply(Product projected_1ND, int heads, AttentionMask mask, double dropout, RotaryEncoding? rotary = null) =>
        Function.apply(
            projected_1ND.Value,
            new AttentionTask(projected_1ND.Value.shape[2] / 3, heads, mask, dropout, [projected_1ND.Bias], rotary)
        );

    /// <summary>Attention to a memory.</summary>
    /// <param name="queries_1ND">[1, N, D], float32 or bfloat16, in the CPU's memory.</param>
    /// <param name="memory_1MD">Keys and values side by side: [1, M, 2·D], of the same type.</param>
    /// <param name="heads">As above.</param>
    /// <param name="mask">As above.</param>
    /// <param name="dropout">As above.</param>
    /// <param name="rotary">As above.</param>
    /// <returns>[1, N, D], in the projections' type.</returns>
    public static Tensor Apply(
        Product queries_1ND,
        Product memory_1MD,
        int heads,
        AttentionMask mask,
        double dropout,
        RotaryEncoding? rotary = null
    ) =>
        Function.apply(
            queries_1ND.Value,
            memory_1MD.Value,
            new AttentionTask(queries_1ND.Value.shape[2], heads, mask, dropout, [queries_1ND.Bias, memory_1MD.Bias], rotary)
        );

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string TaskName = "task";

        public override string Name => nameof(FusedAttention);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var task = (AttentionTask)vars[^1];
            var sides = vars.SkipLast(1).Cast<Tensor>().Select(side => side.contiguous()).ToList();
            var weights = empty(task.Weights);
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
