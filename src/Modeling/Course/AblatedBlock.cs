using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// A block of an <see cref="AblatedTransformer"/>: self-attention, attention to a memory in a decoder, and the
/// position-wise network, each with its layer normalisation and residual.
/// </summary>
internal sealed class AblatedBlock : TransformerBlock
{
    private readonly MultiHeadAttention _selfAttention;
    private readonly MultiHeadAttention? _crossAttention;
    private readonly Linear _linear1;
    private readonly Linear _linear2;
    private readonly LayerNorm _norm1;
    private readonly LayerNorm? _norm2;
    private readonly LayerNorm _norm3;

    public AblatedBlock(AblationOptions options, bool readsMemory)
        : base(nameof(AblatedBlock), new TransformerOptions { Dropout = 0 })
    {
        _selfAttention = Attention(options);
        _crossAttention = readsMemory ? Attention(options) : null;
        _linear1 = torch.nn.Linear(options.Width, 2 * options.Width);
        _linear2 = torch.nn.Linear(2 * options.Width, options.Width);
        _norm1 = torch.nn.LayerNorm(options.Width);
        _norm2 = readsMemory ? torch.nn.LayerNorm(options.Width) : null;
        _norm3 = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
    }

    public Tensor forward(Tensor x_BTD, AttentionMask mask, Tensor? memory_BSD = null, AttentionMask? memoryMask = null)
    {
        using var scope = NewDisposeScope();
        var y = Sublayer(x_BTD, _norm1, x => _selfAttention.forward(x, x, x, mask));
        if (_crossAttention is not null)
        {
            y = Sublayer(y, _norm2!, x => _crossAttention.forward(x, memory_BSD!, memory_BSD!, memoryMask));
        }
        return Sublayer(y, _norm3, x => FeedForward(x, _linear1, _linear2)).MoveToOuterDisposeScope();
    }

    private static MultiHeadAttention Attention(AblationOptions options) =>
        new(MultiHeadSizes.Uniform(options.Width, options.Heads), score: new DotProductScore(options.Scaled));
}
