using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// The Transformer encoder-decoder (Vaswani et al. 2017): N blocks on each side; the encoder's output is keys and values
/// of every decoder block. Parameters are named as in <c>torch.nn.Transformer</c>, with <c>embedding</c> (or
/// <c>source_embedding</c>, <c>target_embedding</c> and <c>output</c>) and <c>positions</c> beside it.
/// </summary>
public sealed class Transformer : SequenceToSequenceModel
{
    private readonly Embedding? embedding;
    private readonly Embedding? source_embedding;
    private readonly Embedding? target_embedding;
    private readonly Linear? output;
    private readonly PositionalEncoding? positions;
    private readonly TransformerEncoder encoder;
    private readonly TransformerDecoder decoder;
    private readonly RotaryEncoding? _rotary;
    private readonly double _scale;
    private PackedDecoder? _packed;

    /// <summary>Makes the model; see <see cref="ModelFactory"/> for one with good first weights.</summary>
    /// <exception cref="ArgumentException">The options contradict each other; all problems are named.</exception>
    public Transformer(TransformerOptions options, int vocabularySize)
        : base(nameof(Transformer), vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _scale = Math.Sqrt(options.Width);
        if (options.SharedEmbeddings)
        {
            embedding = torch.nn.Embedding(vocabularySize, options.Width);
        }
        else
        {
            source_embedding = torch.nn.Embedding(vocabularySize, options.Width);
            target_embedding = torch.nn.Embedding(vocabularySize, options.Width);
            output = torch.nn.Linear(options.Width, vocabularySize, hasBias: false);
        }
        positions = options.Positions switch
        {
            PositionKind.Sinusoidal => new SinusoidalEncoding(options.Width),
            PositionKind.Learned => new LearnedEncoding(options.LearnedPositions, options.Width),
            _ => null,
        };
        _rotary = options.Positions == PositionKind.Rotary ? new RotaryEncoding(options.Width / options.Heads) : null;
        encoder = new TransformerEncoder(options, _rotary);
        decoder = new TransformerDecoder(options, _rotary);
        RegisterComponents();
    }

    /// <summary>What the model was made of.</summary>
    public TransformerOptions Options { get; }

    /// <summary>The encoder.</summary>
    public TransformerEncoder Encoder => encoder;

    /// <summary>The decoder.</summary>
    public TransformerDecoder Decoder => decoder;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> SegmentNames =>
        [
            .. Enumerable.Range(0, Options.Layers).Reverse().Select(layer => $"decoder.layers.{layer}"),
            .. Enumerable.Range(0, Options.Layers).Reverse().Select(layer => $"encoder.layers.{layer}"),
            "embeddings",
        ];

    /// <inheritdoc/>
    public override DecoderState BeginDecoding(Tensor source_NS, Tensor sourceLengths_N, int beams = 1)
    {
        ArgumentNullException.ThrowIfNull(source_NS);
        ArgumentNullException.ThrowIfNull(sourceLengths_N);
        using var scope = NewDisposeScope();
        var length = source_NS.shape[1];
        var memory_NSD = EncodeTokens(source_NS, AttentionMask.FromLengths(sourceLengths_N, length));
        var blocks = decoder.Blocks.Select(block =>
        {
            var (keys, values) = block.CrossAttention.ProjectMemory(memory_NSD);
            return new TransformerBlockState(keys, values);
        });
        return _packed is not { CanStep: true } || Autocast.IsOn
            ? new TransformerState(source_NS.shape[0], beams, sourceLengths_N, length, [.. blocks])
            : new PackedTransformerState(_packed, source_NS.shape[0], beams, sourceLengths_N, length, [.. blocks]);
    }

    /// <inheritdoc/>
    public override Tensor DecodeStep(DecoderState state, Tensor tokens_R)
    {
        ArgumentNullException.ThrowIfNull(tokens_R);
        if (state is PackedTransformerState packed)
        {
            return packed.Advance(tokens_R.cpu().data<long>().Select(token => (int)token).ToArray());
        }
        var own = state as TransformerState ?? throw new ArgumentException("The state is not a Transformer's.", nameof(state));
        if (tokens_R.shape[0] != own.Rows)
        {
            throw new ArgumentException($"{tokens_R.shape[0]} tokens for {own.Rows} rows.", nameof(tokens_R));
        }
        using var scope = NewDisposeScope();
        var x_R1D = Embed(embedding ?? target_embedding!, tokens_R.unsqueeze(1), own.Step);
        var y_R1D = decoder.Step(x_R1D, own.Blocks, own.MemoryMask());
        own.Step++;
        return Project(y_R1D.squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Decode(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT)
    {
        ArgumentNullException.ThrowIfNull(source_BS);
        using var scope = NewDisposeScope();
        var memoryMask = AttentionMask.FromLengths(sourceLengths_B, source_BS.shape[1]);
        var memory_BSD = EncodeTokens(source_BS, memoryMask);
        // After the encoder, so that a backward pass comes to the target's embeddings before the encoder.
        var x_BTD = Embed(embedding ?? target_embedding!, decoderInput_BT);
        return Decode(x_BTD, AttentionMask.Causal, memory_BSD, memoryMask).MoveToOuterDisposeScope();
    }

    private Tensor Decode(Tensor x_BTD, AttentionMask mask, Tensor memory_BSD, AttentionMask memoryMask)
    {
        var last = Options.Layers - 1;
        return decoder.forward(x_BTD, memory_BSD, memoryMask, mask, (x, layer) => Mark(x, last - layer));
    }

    /// <inheritdoc/>
    private protected override TrainingStates States(
        Tensor source_BS,
        Tensor sourceLengths_B,
        Tensor decoderInput_BT,
        Tensor labels_BT,
        int passes
    )
    {
        var attentions = encoder.Blocks.Select(block => block.SelfAttention).Concat(decoder.Blocks.SelectMany(block => block.Attentions));
        var isHere = source_BS.device_type == DeviceType.CPU && source_BS.numel() > 0 && labels_BT.numel() > 0;
        if (!isHere || !attentions.All(attention => attention.TakesPacked))
        {
            return base.States(source_BS, sourceLengths_B, decoderInput_BT, labels_BT, passes);
        }
        using var scope = NewDisposeScope();
        var sources = new PackedRows(sourceLengths_B.data<long>().Select(length => (int)Math.Min(length, source_BS.shape[1])), passes);
        var targets = new PackedRows(LabelLengths(labels_BT), passes);
        if (!FusedAttention.Fits(sources, sources) || !FusedAttention.Fits(targets, targets) || !FusedAttention.Fits(targets, sources))
        {
            return base.States(source_BS, sourceLengths_B, decoderInput_BT, labels_BT, passes).MoveToOuterDisposeScope();
        }
        var fits = EmbeddedRows.Fits(TargetEmbeddings, Encodings(sources), training ? Options.Dropout : 0);
        // One table has three parts: of the target, the source and the output.
        var ofTarget = fits ? new SharedGradient(() => (embedding ?? target_embedding!).weight!, embedding is null ? 1 : 3) : null;
        var ofSource = fits && embedding is null ? new SharedGradient(() => source_embedding!.weight!, parts: 1) : ofTarget;
        var memory_1SD = Encode(
            EmbedPacked(embedding ?? source_embedding!, source_BS, sources, ofSource),
            AttentionMask.Packed(sources, sources, isCausal: false)
        );
        var hidden_1ND = Decode(
            EmbedPacked(embedding ?? target_embedding!, decoderInput_BT, targets, ofTarget),
            AttentionMask.Packed(targets, targets, isCausal: true),
            memory_1SD,
            AttentionMask.Packed(targets, sources, isCausal: false)
        );
        return new TrainingStates(
            hidden_1ND.view(passes, targets.Tokens, Options.Width),
            tensor(targets.Take(labels_BT, passes: 1)),
            embedding is null ? null : ofTarget
        ).MoveToOuterDisposeScope();
    }

    // At least one: padding has a position too.
    private Tensor? Encodings(PackedRows rows) => positions?.Positions(0, Math.Max(1, rows.Longest), CPU);

    internal override Tensor OutputWeight => embedding?.weight ?? output!.weight!;

    internal Tensor TargetEmbeddings => (embedding ?? target_embedding!).weight!;

    internal PositionalEncoding? Encoding => positions;

    internal double Scale => _scale;

    /// <inheritdoc/>
    private protected override IDisposable? Prepare()
    {
        if (_packed is not null || PackedDecoder.TryCreate(this) is not { } packed)
        {
            return null;
        }
        _packed = packed;
        return new Prepared(this);
    }

    /// <inheritdoc/>
    protected override int SegmentOf(string parameterName)
    {
        ArgumentNullException.ThrowIfNull(parameterName);
        var parts = parameterName.Split('.');
        var side = parts[0] switch
        {
            "decoder" => 0,
            "encoder" => Options.Layers,
            "output" => -1,
            _ => 2 * Options.Layers,
        };
        if (side == -1)
        {
            return 0;
        }
        if (side == 2 * Options.Layers)
        {
            return side;
        }
        // The last norm goes with the last block, which comes first.
        return parts[1] == "layers" ? side + Options.Layers - 1 - int.Parse(parts[2], CultureInfo.InvariantCulture) : side;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rotary?.Dispose();
            _packed?.Dispose();
        }
        base.Dispose(disposing);
    }

    private sealed class Prepared(Transformer model) : IDisposable
    {
        public void Dispose()
        {
            model._packed?.Dispose();
            model._packed = null;
        }
    }

    private Tensor EncodeTokens(Tensor source_BS, AttentionMask mask)
    {
        using var scope = NewDisposeScope();
        return Encode(Embed(embedding ?? source_embedding!, source_BS), mask).MoveToOuterDisposeScope();
    }

    private Tensor Encode(Tensor x_BSD, AttentionMask mask)
    {
        var last = 2 * Options.Layers - 1;
        return encoder.forward(x_BSD, mask, (x, layer) => Mark(x, last - layer));
    }

    // [B, T] → [1, N, D]; with a gradient to add to, as one operation.
    private Tensor EmbedPacked(Embedding table, Tensor tokens_BT, PackedRows rows, SharedGradient? gradient)
    {
        using var scope = NewDisposeScope();
        var tokens = rows.Take(tokens_BT, rows.Passes);
        if (gradient is not null)
        {
            var options = new EmbeddingOptions(_scale, Encodings(rows), rows.Positions(), training ? Options.Dropout : 0);
            return EmbeddedRows.Apply(table.weight!, tokens, gradient, options).MoveToOuterDisposeScope();
        }
        var embedded_1ND = table.call(tensor(tokens).unsqueeze(0));
        embedded_1ND = positions is null ? embedded_1ND.mul(Number.Of(_scale)) : positions.Packed(embedded_1ND, _scale, rows);
        return CounterDropout.Apply(embedded_1ND, Options.Dropout, training).MoveToOuterDisposeScope();
    }

    // [B, T] → [B, T, D]
    private Tensor Embed(Embedding table, Tensor tokens_BT, long start = 0)
    {
        using var scope = NewDisposeScope();
        var embedded_BTD = table.call(tokens_BT);
        embedded_BTD = positions is null ? embedded_BTD.mul(Number.Of(_scale)) : positions.forward(embedded_BTD, _scale, start);
        return CounterDropout.Apply(embedded_BTD, Options.Dropout, training).MoveToOuterDisposeScope();
    }
}
