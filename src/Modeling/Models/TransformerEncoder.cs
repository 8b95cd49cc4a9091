using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// One encoder block: self-attention, then the position-wise network, each with a residual and a layer normalisation.
/// </summary>
public sealed class TransformerEncoderBlock : TransformerBlock
{
    private readonly MultiHeadAttention self_attn;
    private readonly Linear linear1;
    private readonly Linear linear2;
    private readonly LayerNorm norm1;
    private readonly LayerNorm norm2;

    /// <summary>Makes the block.</summary>
    public TransformerEncoderBlock(TransformerOptions options, RotaryEncoding? rotary = null)
        : base(nameof(TransformerEncoderBlock), options)
    {
        ArgumentNullException.ThrowIfNull(options);
        self_attn = new MultiHeadAttention(options.Width, options.Heads, options.AttentionDropout) { Rotary = rotary };
        linear1 = torch.nn.Linear(options.Width, options.FeedForward);
        linear2 = torch.nn.Linear(options.FeedForward, options.Width);
        norm1 = torch.nn.LayerNorm(options.Width);
        norm2 = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
    }

    /// <summary>The block's self-attention.</summary>
    public MultiHeadAttention SelfAttention => self_attn;

    /// <summary>[B, S, D] → [B, S, D].</summary>
    public Tensor forward(Tensor x_BSD, AttentionMask mask)
    {
        using var scope = NewDisposeScope();
        var y = Sublayer(x_BSD, norm1, x => self_attn.RoundedForward(x, x, x, mask));
        return Sublayer(y, norm2, x => FeedForward(x, linear1, linear2)).MoveToOuterDisposeScope();
    }
}

/// <summary>N encoder blocks and a layer normalisation, as <c>torch.nn.TransformerEncoder</c>.</summary>
public sealed class TransformerEncoder : torch.nn.Module
{
    private readonly ModuleList<TransformerEncoderBlock> layers;
    private readonly LayerNorm norm;

    /// <summary>Makes the encoder.</summary>
    public TransformerEncoder(TransformerOptions options, RotaryEncoding? rotary = null)
        : base(nameof(TransformerEncoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        layers = new ModuleList<TransformerEncoderBlock>([
            .. Enumerable.Range(0, options.Layers).Select(_ => new TransformerEncoderBlock(options, rotary)),
        ]);
        norm = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
    }

    /// <summary>The blocks, from the embeddings up.</summary>
    public IReadOnlyList<TransformerEncoderBlock> Blocks => [.. layers];

    /// <summary>[B, S, D] → [B, S, D].</summary>
    /// <param name="x_BSD">Embeddings with positions.</param>
    /// <param name="mask">Which source tokens count.</param>
    /// <param name="before">Applied to each block's input, with the block's number; null: nothing.</param>
    public Tensor forward(Tensor x_BSD, AttentionMask mask, Func<Tensor, int, Tensor>? before = null)
    {
        using var scope = NewDisposeScope();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            x_BSD = layers[layer].forward(before is null ? x_BSD : before(x_BSD, layer), mask);
        }
        return ResidualNorm.Last(x_BSD, norm).MoveToOuterDisposeScope();
    }
}
