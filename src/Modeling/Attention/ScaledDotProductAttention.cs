using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// softmax(Q Kᵀ / √d) V (Vaswani et al. 2017, equation 1), through libtorch's fused kernel where it has one.
/// Legend: <c>B</c> batch, <c>H</c> heads, <c>T</c> queries, <c>S</c> keys, <c>K</c> head width.
/// </summary>
public static class ScaledDotProductAttention
{
    /// <summary>The weighted sums of the values.</summary>
    /// <param name="query">[B, T, K] or [B, H, T, K].</param>
    /// <param name="key">[B, S, K] or [B, H, S, K].</param>
    /// <param name="value">[B, S, d_v] or [B, H, S, d_v].</param>
    /// <param name="mask">Null allows everything. All heads share it.</param>
    /// <param name="dropout">Share of the weights set to zero: give 0 outside training.</param>
    /// <returns>[B, T, d_v] or [B, H, T, d_v]; zeros for a query that nothing is allowed to.</returns>
    /// <exception cref="ArgumentException">Sizes, batches or the mask do not fit; the message names them and what helps.</exception>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, AttentionMask? mask = null, double dropout = 0)
    {
        RequireSides(query, key);
        AttentionShapes.RequireValues(key, value);
        AttentionShapes.RequireDropout(dropout);
        if (dropout > 0)
        {
            return WithDropout(query, key, value, mask, dropout);
        }
        mask ??= AttentionMask.None;
        if (mask.Allowed_BTS is null)
        {
            return torch.nn.functional.scaled_dot_product_attention(query, key, value, null, 0, mask.IsCausal);
        }

        using var scope = NewDisposeScope();
        var allowed = mask.ToTensor(Math.Max(query.shape[0], key.shape[0]), query.shape[^2], key.shape[^2], query.device)!;
        if (query.dim() == 4)
        {
            allowed = allowed.unsqueeze(1);
        }
        if (!mask.HasEmptyRows)
        {
            return torch.nn.functional.scaled_dot_product_attention(query, key, value, allowed).MoveToOuterDisposeScope();
        }
        // A row with nothing allowed is 0/0 in some versions of the kernel: let it look everywhere, then drop the result.
        var empty = allowed.any(-1, keepdim: true).logical_not();
        return torch
            .nn.functional.scaled_dot_product_attention(query, key, value, allowed.logical_or(empty))
            .masked_fill(empty, Number.Of(0))
            .MoveToOuterDisposeScope();
    }

    /// <summary>softmax(Q Kᵀ / √d) alone, for looking at; shapes as in <see cref="Apply"/>.</summary>
    /// <returns>[B, T, S] or [B, H, T, S].</returns>
    public static Tensor Weights(Tensor query, Tensor key, AttentionMask? mask = null)
    {
        RequireSides(query, key);
        using var scope = NewDisposeScope();
        var scores = query.mul(Number.Of(1 / Math.Sqrt(query.shape[^1]))).matmul(key.transpose(-2, -1));
        return MaskedSoftmax.Apply(scores, mask).MoveToOuterDisposeScope();
    }

    private static void RequireSides(Tensor query, Tensor key)
    {
        AttentionShapes.RequireEqualSizes(query, key, "the dot product");
        if (query.dim() is not (3 or 4))
        {
            throw new ArgumentException(
                $"query {AttentionShapes.Text(query.shape)}: it is [B, T, K], or [B, H, T, K] with heads.",
                nameof(query)
            );
        }
    }

    // The fused kernel drops nothing on a CPU; step by step it would draw its masks one number at a time.
    private static Tensor WithDropout(Tensor query, Tensor key, Tensor value, AttentionMask? mask, double dropout)
    {
        using var scope = NewDisposeScope();
        return CounterDropout.Apply(Weights(query, key, mask), dropout, training: true).matmul(value).MoveToOuterDisposeScope();
    }
}
