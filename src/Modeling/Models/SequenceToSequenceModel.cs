using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// A model that reads a sentence and writes another: what training, evaluation and prediction know of it.
/// Shapes: <c>B</c> rows of a batch, <c>S</c> source and <c>T</c> target length, <c>V</c> vocabulary, <c>D</c> model
/// width, <c>R</c> rows of a prediction. Tokens are int64; <see cref="PadId"/> fills rows up at their end.
/// Tensors must lie on the model's device.
/// </summary>
public abstract class SequenceToSequenceModel : torch.nn.Module
{
    /// <summary>The token that fills up; it is never predicted and no loss is taken on it.</summary>
    public const long PadId = 0;

    private bool _isFrozen;

    /// <summary>Makes the module.</summary>
    protected SequenceToSequenceModel(string name, int vocabularySize)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        VocabularySize = vocabularySize;
    }

    /// <summary>V, shared by source and target.</summary>
    public int VocabularySize { get; }

    /// <summary>
    /// When set, called in a backward pass, on its thread, with i once all gradients of the segments 0…i are final.
    /// The last segment is not announced: its gradients are final when <c>backward</c> returns.
    /// </summary>
    public Action<int>? SegmentReady { get; set; }

    /// <summary>All parameters, grouped in the order in which a backward pass finishes their gradients.</summary>
    public IReadOnlyList<ParameterSegment> Segments
    {
        get
        {
            var names = SegmentNames;
            var groups = names.Select(_ => new List<(string, Parameter)>()).ToArray();
            foreach (var (name, parameter) in named_parameters())
            {
                groups[SegmentOf(name)].Add((name, parameter));
            }
            return [.. names.Select((name, i) => new ParameterSegment(name, groups[i]))];
        }
    }

    /// <summary>Scores of every next token under teacher forcing.</summary>
    /// <param name="source_BS">[B, S].</param>
    /// <param name="sourceLengths_B">[B] int64: tokens that are no filling; 0…S.</param>
    /// <param name="decoderInput_BT">[B, T]: the target, one to the right, led by the beginning-of-sequence token.</param>
    /// <returns>[B, T, V], before the softmax.</returns>
    public Tensor Logits(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT)
    {
        using var scope = NewDisposeScope();
        var hidden_BTD = Decode(source_BS, sourceLengths_B, decoderInput_BT);
        return Project(hidden_BTD).MoveToOuterDisposeScope();
    }

    /// <summary>Label-smoothed cross entropy, in nats, added up over the labels that are no filling.</summary>
    /// <param name="source_BS">[B, S].</param>
    /// <param name="sourceLengths_B">[B] int64.</param>
    /// <param name="decoderInput_BT">[B, T].</param>
    /// <param name="labels_BT">[B, T]: what follows each token of the decoder's input.</param>
    /// <param name="labelSmoothing">ε in [0, 1): the label keeps 1−ε and all V tokens share ε (Szegedy et al. 2016).</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT, Tensor labels_BT, double labelSmoothing)
    {
        ArgumentNullException.ThrowIfNull(labels_BT);
        using var scope = NewDisposeScope();
        var states = States(source_BS, sourceLengths_B, decoderInput_BT, labels_BT, passes: 1);
        return LossOf(states, new(PadId, labelSmoothing)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// R-Drop (Liang et al. 2021, equations 2 to 4), in nats, added up over the labels that are no filling: every sentence goes through
    /// the model twice, dropout differs, and the two distributions p and q of each token are drawn together. The mean of both cross
    /// entropies, plus the weight times the mean of KL(p‖q) and KL(q‖p), halved as the cross entropies are.
    /// </summary>
    /// <param name="source_BS">[B, S].</param>
    /// <param name="sourceLengths_B">[B] int64.</param>
    /// <param name="decoderInput_BT">[B, T].</param>
    /// <param name="labels_BT">[B, T].</param>
    /// <param name="labelSmoothing">As in <see cref="Loss"/>.</param>
    /// <param name="weight">α, 0 or more.</param>
    /// <returns>A scalar.</returns>
    public Tensor RDropLoss(
        Tensor source_BS,
        Tensor sourceLengths_B,
        Tensor decoderInput_BT,
        Tensor labels_BT,
        double labelSmoothing,
        double weight
    )
    {
        ArgumentNullException.ThrowIfNull(labels_BT);
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        using var scope = NewDisposeScope();
        var states = States(source_BS, sourceLengths_B, decoderInput_BT, labels_BT, passes: 2);
        return LossOf(states, new(PadId, labelSmoothing, weight)).MoveToOuterDisposeScope();
    }

    private Tensor LossOf(TrainingStates states, LinearCrossEntropy.LossOptions options) =>
        LinearCrossEntropy.Apply(states.Hidden_PND, OutputWeight, states.Labels_N, options, states.OfOutput);

    /// <summary>What the loss of a batch is taken of, after some passes over its sentences, each with its own dropout.</summary>
    private protected virtual TrainingStates States(
        Tensor source_BS,
        Tensor sourceLengths_B,
        Tensor decoderInput_BT,
        Tensor labels_BT,
        int passes
    )
    {
        using var scope = NewDisposeScope();
        Tensor Repeat(Tensor rows) => passes == 1 ? rows : cat([.. Enumerable.Repeat(rows, passes)], 0);
        // One batch of P·B rows: each row has its own dropout.
        var hidden_CTD = Decode(Repeat(source_BS), Repeat(sourceLengths_B), Repeat(decoderInput_BT));
        return new TrainingStates(
            hidden_CTD.reshape(passes, labels_BT.numel(), hidden_CTD.shape[2]),
            labels_BT.reshape(-1)
        ).MoveToOuterDisposeScope();
    }

    /// <summary>Of each row of labels: the tokens up to its last one that counts.</summary>
    private protected static IEnumerable<int> LabelLengths(Tensor labels_BT)
    {
        using var whole = labels_BT.contiguous();
        var (labels, width) = (whole.data<long>().ToArray(), (int)labels_BT.shape[1]);
        return
        [
            .. Enumerable
                .Range(0, (int)labels_BT.shape[0])
                .Select(row => Array.FindLastIndex(labels[(row * width)..((row + 1) * width)], label => label != PadId) + 1),
        ];
    }

    /// <summary>
    /// Says that the weights are final: the model stays in evaluation mode, and ready for many steps. Several threads may search with it
    /// at a time from then on.
    /// </summary>
    public void Freeze()
    {
        eval();
        // Disposed with the model.
        _ = Prepare();
        _isFrozen = true;
    }

    /// <summary>Puts the model into evaluation mode, and gets it ready for many steps, until what is returned is disposed.</summary>
    internal IDisposable? BeginSearch()
    {
        if (_isFrozen)
        {
            return null;
        }
        var wasTraining = training;
        eval();
        var prepared = Prepare();
        return new Search(() =>
        {
            prepared?.Dispose();
            train(wasTraining);
        });
    }

    /// <summary>Gets ready for many steps. The weights must not change until what is returned is disposed.</summary>
    /// <returns>Null: there is nothing to dispose.</returns>
    private protected virtual IDisposable? Prepare() => null;

    /// <summary>Reads sentences and gets ready to write. Call in evaluation mode, without gradients.</summary>
    /// <param name="source_NS">[N, S], a sentence a row.</param>
    /// <param name="sourceLengths_N">[N] int64.</param>
    /// <param name="beams">Rows that each sentence gets.</param>
    public abstract DecoderState BeginDecoding(Tensor source_NS, Tensor sourceLengths_N, int beams = 1);

    /// <summary>Takes the next token of every row and scores the one after it.</summary>
    /// <param name="state">From <see cref="BeginDecoding"/> of this model.</param>
    /// <param name="tokens_R">[R] int64.</param>
    /// <returns>[R, V], before the softmax.</returns>
    public abstract Tensor DecodeStep(DecoderState state, Tensor tokens_R);

    /// <summary>The decoder's top-layer states under teacher forcing: [B, T, D].</summary>
    protected abstract Tensor Decode(Tensor source_BS, Tensor sourceLengths_B, Tensor decoderInput_BT);

    /// <summary>[V, D]: from the decoder's states to scores.</summary>
    internal abstract Tensor OutputWeight { get; }

    /// <summary>From states […, D] to scores […, V].</summary>
    private protected Tensor Project(Tensor hidden_D) => Autocast.Linear(hidden_D, OutputWeight);

    /// <summary>Names of the segments in backward order.</summary>
    protected abstract IReadOnlyList<string> SegmentNames { get; }

    /// <summary>The index of a parameter's segment in <see cref="SegmentNames"/>.</summary>
    protected abstract int SegmentOf(string parameterName);

    /// <summary>Marks a place in the forward pass whose gradient makes the segments 0…<paramref name="segment"/> final.</summary>
    protected Tensor Mark(Tensor input, int segment)
    {
        if (SegmentReady is not { } ready || !is_grad_enabled())
        {
            return input;
        }
        return BackwardHook.apply(input, (Action)(() => ready(segment)));
    }

    private sealed class Search(Action end) : IDisposable
    {
        public void Dispose() => end();
    }

    /// <summary>The decoder's top-layer states and the labels of the tokens that they predict.</summary>
    /// <param name="Hidden_PND">[P, N, D]: of P passes.</param>
    /// <param name="Labels_N">[N] int64; <see cref="PadId"/> where none counts.</param>
    /// <param name="OfOutput">The gradient of the output's weights, where they were used for the states too.</param>
    private protected sealed record TrainingStates(Tensor Hidden_PND, Tensor Labels_N, SharedGradient? OfOutput = null)
    {
        public TrainingStates MoveToOuterDisposeScope() =>
            this with
            {
                Hidden_PND = Hidden_PND.MoveToOuterDisposeScope(),
                Labels_N = Labels_N.MoveToOuterDisposeScope(),
            };
    }
}
