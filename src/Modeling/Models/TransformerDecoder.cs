using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// One decoder block: causal self-attention, attention to the encoder's output, then the position-wise network, each
/// with a residual and a layer normalisation.
/// </summary>
public sealed class TransformerDecoderBlock : TransformerBlock
{
    private readonly MultiHeadAttention self_attn;
    private readonly MultiHeadAttention multihead_attn;
    private readonly Linear linear1;
    private readonly Linear linear2;
    private readonly LayerNorm norm1;
    private readonly LayerNorm norm2;
    private readonly LayerNorm norm3;

    /// <summary>Makes the block.</summary>
    public TransformerDecoderBlock(TransformerOptions options, RotaryEncoding? rotary = null)
        : base(nameof(TransformerDecoderBlock), options)
    {
        ArgumentNullException.ThrowIfNull(options);
        self_attn = new MultiHeadAttention(options.Width, options.Heads, options.AttentionDropout) { Rotary = rotary };
        multihead_attn = new MultiHeadAttention(options.Width, options.Heads, options.AttentionDropout);
        linear1 = torch.nn.Linear(options.Width, options.FeedForward);
        linear2 = torch.nn.Linear(options.FeedForward, options.Width);
        norm1 = torch.nn.LayerNorm(options.Width);
        norm2 = torch.nn.LayerNorm(options.Width);
        norm3 = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
    }

    /// <summary>The block's self-attention.</summary>
    public MultiHeadAttention SelfAttention => self_attn;

    /// <summary>The block's attention to the encoder's output.</summary>
    public MultiHeadAttention CrossAttention => multihead_attn;

    /// <summary>Both.</summary>
    internal IReadOnlyList<MultiHeadAttention> Attentions => [self_attn, multihead_attn];

    internal Linear Linear1 => linear1;

    internal Linear Linear2 => linear2;

    /// <summary>Of self-attention, cross attention and the position-wise network.</summary>
    internal IReadOnlyList<LayerNorm> Norms => [norm1, norm2, norm3];

    /// <summary>All tokens at once: [B, T, D] → [B, T, D].</summary>
    /// <param name="x_BTD">The target so far.</param>
    /// <param name="memory_BSD">The encoder's output.</param>
    /// <param name="memoryMask">Which source tokens count.</param>
    /// <param name="mask">Of the target; null: causal.</param>
    public Tensor forward(Tensor x_BTD, Tensor memory_BSD, AttentionMask memoryMask, AttentionMask? mask = null)
    {
        using var scope = NewDisposeScope();
        var y = Sublayer(x_BTD, norm1, x => self_attn.RoundedForward(x, x, x, mask ?? AttentionMask.Causal));
        y = Sublayer(y, norm2, x => multihead_attn.RoundedForward(x, memory_BSD, memory_BSD, memoryMask));
        return Sublayer(y, norm3, x => FeedForward(x, linear1, linear2)).MoveToOuterDisposeScope();
    }

    /// <summary>The newest token of each row: [R, 1, D] → [R, 1, D].</summary>
    internal Tensor Step(Tensor x_R1D, TransformerBlockState state, AttentionMask memoryMask)
    {
        using var scope = NewDisposeScope();
        var sides = x_R1D.shape;
        var y = Sublayer(x_R1D, norm1, x => self_attn.AttendStep(x, state.Tokens));
        // The beams of a sentence ask its memory together, as queries of one row: [R, 1, D] → [N, beams, D].
        y = Sublayer(
            y,
            norm2,
            x =>
                multihead_attn
                    .AttendMemory(x.view(state.MemoryKeys.shape[0], -1, sides[2]), state.MemoryKeys, state.MemoryValues, memoryMask)
                    .view(sides)
        );
        return Sublayer(y, norm3, x => FeedForward(x, linear1, linear2)).MoveToOuterDisposeScope();
    }
}

/// <summary>N decoder blocks and a layer normalisation, as <c>torch.nn.TransformerDecoder</c>.</summary>
public sealed class TransformerDecoder : torch.nn.Module
{
    private readonly ModuleList<TransformerDecoderBlock> layers;
    private readonly LayerNorm norm;

    /// <summary>Makes the decoder.</summary>
    public TransformerDecoder(TransformerOptions options, RotaryEncoding? rotary = null)
        : base(nameof(TransformerDecoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        layers = new ModuleList<TransformerDecoderBlock>([
            .. Enumerable.Range(0, options.Layers).Select(_ => new TransformerDecoderBlock(options, rotary)),
        ]);
        norm = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
    }

    /// <summary>The blocks, from the embeddings up.</summary>
    public IReadOnlyList<TransformerDecoderBlock> Blocks => [.. layers];

    internal LayerNorm LastNorm => norm;

    /// <summary>All tokens at once: [B, T, D] → [B, T, D].</summary>
    /// <param name="x_BTD">Embeddings with positions.</param>
    /// <param name="memory_BSD">The encoder's output.</param>
    /// <param name="memoryMask">Which source tokens count.</param>
    /// <param name="mask">Of the target; null: causal.</param>
    /// <param name="before">Applied to each block's input, with the block's number; null: nothing.</param>
    public Tensor forward(
        Tensor x_BTD,
        Tensor memory_BSD,
        AttentionMask memoryMask,
        AttentionMask? mask = null,
        Func<Tensor, int, Tensor>? before = null
    )
    {
        using var scope = NewDisposeScope();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            x_BTD = layers[layer].forward(before is null ? x_BTD : before(x_BTD, layer), memory_BSD, memoryMask, mask);
        }
        return ResidualNorm.Last(x_BTD, norm).MoveToOuterDisposeScope();
    }

    /// <summary>The newest token of each row: [R, 1, D] → [R, 1, D].</summary>
    internal Tensor Step(Tensor x_R1D, IReadOnlyList<TransformerBlockState> states, AttentionMask memoryMask)
    {
        using var scope = NewDisposeScope();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            x_R1D = layers[layer].Step(x_R1D, states[layer], memoryMask);
        }
        return norm.call(x_R1D).MoveToOuterDisposeScope();
    }
}
