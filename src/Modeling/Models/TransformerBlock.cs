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
    private protected Tensor Sublayer(Tensor x, LayerNorm norm, Func<Tensor, Product> f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(norm);
        ArgumentNullException.ThrowIfNull(f);
        if (!_preNorm)
        {
            return norm.call(ResidualDropout.Apply(x, f(x), _dropout, training));
        }
        var (residual, normed) = ResidualNorm.Apply(x, norm);
        return ResidualDropout.Apply(residual, f(normed), _dropout, training);
    }

    /// <summary>The position-wise network: [B, T, D] → [B, T, feed-forward] → [B, T, D], in the precision of its products.</summary>
    private protected Product FeedForward(Tensor x_BTD, Linear linear1, Linear linear2)
    {
        ArgumentNullException.ThrowIfNull(linear1);
        ArgumentNullException.ThrowIfNull(linear2);
        using var scope = NewDisposeScope();
        // In the precision of the products around it: both would round it there.
        var inner = RectifiedDropout.Apply(Autocast.Product(x_BTD, linear1.weight!, linear1.bias), _dropout, training);
        return Autocast.Product(inner, linear2.weight!, linear2.bias).MoveToOuterDisposeScope();
    }
}
