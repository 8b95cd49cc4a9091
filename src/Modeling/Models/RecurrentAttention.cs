using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// The recurrent encoder-decoder with attention (Bahdanau, Cho and Bengio 2015): the encoder's top-layer states at all
/// time steps are keys and values; its final states start the decoder, layer by layer.
/// </summary>
/// <remarks>
/// What differs from that paper: the encoder reads in one direction, so that a key knows the words before its own, not those after it;
/// encoder and decoder may have several layers, of GRU or LSTM cells; each decoder layer starts from the encoder layer's state after
/// the last word (Sutskever et al. 2014) rather than from tanh(W h₁) of the backward states; the score's hidden size is D; the score
/// may be a scaled dot product; and a word is scored by its embedding's product with the top state alone, where the paper has a maxout
/// layer over state, context and last word. Query and context are as there: the state before the step asks, and what it finds goes
/// into the step's input beside the last word.
/// </remarks>
public sealed class RecurrentAttention : SequenceToSequenceModel
{
    private readonly Embedding? embedding;
    private readonly Embedding? source_embedding;
    private readonly Embedding? target_embedding;
    private readonly Linear? output;
    private readonly RecurrentEncoder encoder;
    private readonly RecurrentDecoder decoder;
    private readonly double _scale;

    /// <summary>Makes the model; see <see cref="ModelFactory"/> for one with good first weights.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; all problems are named.</exception>
    public RecurrentAttention(RecurrentAttentionOptions options, int vocabularySize)
        : base(nameof(RecurrentAttention), vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        // Embeddings start with a variance of 1/D, for the output projection's sake; cells want inputs of variance 1.
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
        encoder = new RecurrentEncoder(options);
        decoder = new RecurrentDecoder(options);
        RegisterComponents();
    }

    /// <summary>What the model was made of.</summary>
    public RecurrentAttentionOptions Options { get; }

    /// <summary>The decoder.</summary>
    public RecurrentDecoder Decoder => decoder;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> SegmentNames =>
        ["decoder", .. Enumerable.Range(0, Options.Layers).Reverse().Select(layer => $"encoder.layers.{layer}"), "embeddings"];

    /// <inheritdoc/>
    public override DecoderState BeginDecoding(Tensor source_NS, Tensor sourceLengths_N, int beams = 1)
    {
        ArgumentNullException.ThrowIfNull(source_NS);
        ArgumentNullException.ThrowIfNull(sourceLengths_N);
        using var scope = NewDisposeScope();
        var (memory_NSD, final) = encoder.forward(Embed(embedding ?? source_embedding!, source_NS), sourceLengths_N);
        return new RecurrentDecoderState(source_NS.shape[0], beams, sourceLengths_N, memory_NSD, decoder.ProjectKeys(memory_NSD), final);
    }

    /// <inheritdoc/>
    public override Tensor DecodeStep(DecoderState state, Tensor tokens_R)
    {
        ArgumentNullException.ThrowIfNull(tokens_R);
        var own = state as RecurrentDecoderState ?? throw new ArgumentException("The state is not a recurrent model's.", nameof(state));
        if (tokens_R.shape[0] != own.Rows)
        {
            throw new ArgumentException($"{tokens_R.shape[0]} tokens for {own.Rows} rows.", nameof(tokens_R));
        }
        using var scope = NewDisposeScope();
        var embedded_RD = Embed(embedding ?? target_embedding!, tokens_R);
        own.Advance(decoder.Step(embedded_RD, own.Keys, own.Memory, own.Layers, own.MemoryMask()));
        return Project(own.Layers[^1].Hidden).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Decode(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT)
    {
        ArgumentNullException.ThrowIfNull(source_BS);
        using var scope = NewDisposeScope();
        var (memory_BSD, final) = encoder.forward(
            Embed(embedding ?? source_embedding!, source_BS),
            sourceLengths_B,
            (x, layer) => Mark(x, Options.Layers - layer)
        );
        memory_BSD = Mark(memory_BSD, 0);
        // After the encoder, so that a backward pass comes to the target's embeddings before the encoder.
        var embedded_BTD = Embed(embedding ?? target_embedding!, decoderInput_BT);
        var top_BTD = decoder.forward(embedded_BTD, memory_BSD, final, AttentionMask.FromLengths(sourceLengths_B, source_BS.shape[1]));
        return Dropout(top_BTD).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor OutputWeight => embedding?.weight ?? output!.weight!;

    /// <inheritdoc/>
    protected override int SegmentOf(string parameterName)
    {
        ArgumentNullException.ThrowIfNull(parameterName);
        var parts = parameterName.Split('.');
        return parts[0] switch
        {
            "decoder" or "output" => 0,
            "encoder" => Options.Layers - int.Parse(parts[2], CultureInfo.InvariantCulture),
            _ => Options.Layers + 1,
        };
    }

    private Tensor Embed(Embedding table, Tensor tokens) => Dropout(table.call(tokens).mul(Number.Of(_scale)));

    private Tensor Dropout(Tensor x) => CounterDropout.Apply(x, Options.Dropout, training);
}
