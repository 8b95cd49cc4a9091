using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// A small Transformer from which parts can be taken away, to see what they are good for: one block a side, sinusoidal
/// positions, pre-norm, no dropout. Only the lessons train it; <see cref="Transformer"/> is the model for use.
/// </summary>
public sealed class AblatedTransformer : SequenceToSequenceModel
{
    private readonly Embedding _embedding;
    private readonly SinusoidalEncoding _positions;
    private readonly AblatedBlock _encoder;
    private readonly AblatedBlock _decoder;
    private readonly LayerNorm _encoderNorm;
    private readonly LayerNorm _decoderNorm;
    private readonly bool _causal;
    private readonly double _scale;

    /// <summary>Makes the model, with weights that follow from the seed.</summary>
    /// <param name="options">What is taken away.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="seed">Of the first weights.</param>
    public AblatedTransformer(AblationOptions options, int vocabularySize, ulong seed)
        : base(nameof(AblatedTransformer), vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        _causal = options.Causal;
        _scale = Math.Sqrt(options.Width);
        _embedding = torch.nn.Embedding(vocabularySize, options.Width);
        _positions = new SinusoidalEncoding(options.Width);
        _encoder = new AblatedBlock(options, readsMemory: false);
        _decoder = new AblatedBlock(options, readsMemory: true);
        _encoderNorm = torch.nn.LayerNorm(options.Width);
        _decoderNorm = torch.nn.LayerNorm(options.Width);
        RegisterComponents();
        Initialisation.Fill(this, seed);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> SegmentNames => ["all"];

    /// <inheritdoc/>
    public override DecoderState BeginDecoding(Tensor source_NS, Tensor sourceLengths_N, int beams = 1) =>
        new AblatedState(source_NS, sourceLengths_N, beams);

    /// <inheritdoc/>
    /// <remarks>The whole beginning is computed anew at each step: what an unmasked decoder knows changes with every token.</remarks>
    public override Tensor DecodeStep(DecoderState state, Tensor tokens_R)
    {
        var own = state as AblatedState ?? throw new ArgumentException("The state is not an ablated Transformer's.", nameof(state));
        using var scope = NewDisposeScope();
        var hidden_RTD = Decode(own.Source, own.Lengths, own.Append(tokens_R));
        return Project(hidden_RTD.narrow(1, own.Step - 1, 1).squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Decode(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT)
    {
        ArgumentNullException.ThrowIfNull(source_BS);
        ArgumentNullException.ThrowIfNull(decoderInput_BT);
        using var scope = NewDisposeScope();
        var sourceMask = AttentionMask.FromLengths(sourceLengths_B, source_BS.shape[1]);
        var memory_BSD = _encoderNorm.call(_encoder.forward(Embed(source_BS), sourceMask));
        var targetMask = _causal ? AttentionMask.Causal : AttentionMask.None;
        return _decoderNorm.call(_decoder.forward(Embed(decoderInput_BT), targetMask, memory_BSD, sourceMask)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor OutputWeight => _embedding.weight!;

    /// <inheritdoc/>
    protected override int SegmentOf(string parameterName) => 0;

    private Tensor Embed(Tensor tokens_BT) => _positions.forward(_embedding.call(tokens_BT), _scale);
}
