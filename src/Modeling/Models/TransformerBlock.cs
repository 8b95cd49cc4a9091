using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// A Transformer block's sublayer plumbing and its position-wise network max(0, x W₁ + b₁) W₂ + b₂ (Vaswani et al.
/// 2017, section 3.3). Parameters are named as in <c>torch.nn.TransformerEncoderLayer</c>.
/// </summary>
public abstract class TransformerBlock : torch.nn.Module
{
    private readonly bool _preNorm;
    private readonly double _dropout;

    /// <summary>Makes the block.</summary>
    protected TransformerBlock(string name, TransformerOptions options)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(options);
        _preNorm = options.PreNorm;
        _dropout = options.Dropout;
    }

    /// <summary>x + dropout(f(norm(x))), or norm(x + dropout(f(x))) for post-norm.</summary>
    protected Tensor Sublayer(Tensor x, LayerNorm norm, Func<Tensor, Tensor> f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(norm);
        ArgumentNullException.ThrowIfNull(f);
        return _preNorm ? x.add(Dropout(f(norm.call(x))), Number.Of(1)) : norm.call(x.add(Dropout(f(x)), Number.Of(1)));
    }

    /// <summary>The position-wise network: [B, T, D] → [B, T, feed-forward] → [B, T, D].</summary>
    protected Tensor FeedForward(Tensor x_BTD, Linear linear1, Linear linear2)
    {
        ArgumentNullException.ThrowIfNull(linear1);
        ArgumentNullException.ThrowIfNull(linear2);
        using var inner = Dropout(torch.nn.functional.relu(linear1.Apply(x_BTD), inplace: true));
        return linear2.Apply(inner);
    }

    private Tensor Dropout(Tensor x) => CounterDropout.Apply(x, _dropout, training);
}
