using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// Recurrent layers that write (Bahdanau, Cho and Bengio 2015): at each step the top layer's state of the step before is
/// the query to the encoder's states, and what attention finds is joined to the token's embedding as the layers' input.
/// </summary>
public sealed class RecurrentDecoder : torch.nn.Module
{
    private readonly AttentionScore score;
    private readonly ModuleList<RecurrentCell> layers;
    private readonly RecurrentAttentionOptions _options;
    private readonly ThreadLocal<Action<Tensor>?> _recorder = new();

    /// <summary>Makes the decoder.</summary>
    public RecurrentDecoder(RecurrentAttentionOptions options)
        : base(nameof(RecurrentDecoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        var width = options.Width;
        score = options.AdditiveScore ? new AdditiveScore(width, width, width) : new DotProductScore();
        layers = new ModuleList<RecurrentCell>([
            .. Enumerable.Range(0, options.Layers).Select(layer => new RecurrentCell(layer == 0 ? 2 * width : width, width, options.Lstm)),
        ]);
        RegisterComponents();
    }

    /// <summary>
    /// When set, receives the attention weights of every step: [B, beams, S], a copy without gradients that belongs to the receiver
    /// and lives, whatever dispose scope is open, until it is disposed. Of the calling thread alone: others may compute meanwhile.
    /// </summary>
    public Action<Tensor>? Recorder
    {
        get => _recorder.Value;
        set => _recorder.Value = value;
    }

    /// <summary>What the score needs of the keys, computed once: the projected keys, or the keys themselves.</summary>
    public Tensor ProjectKeys(Tensor memory_BSD) => score is AdditiveScore additive ? additive.ProjectKeys(memory_BSD) : memory_BSD;

    /// <summary>All steps under teacher forcing.</summary>
    /// <param name="embedded_BTD">[B, T, D].</param>
    /// <param name="memory_BSD">[B, S, D]: the encoder's top states, keys and values.</param>
    /// <param name="state">A state a layer, to start from.</param>
    /// <param name="mask">Which source steps count.</param>
    /// <returns>The top layer's states, [B, T, D].</returns>
    public Tensor forward(Tensor embedded_BTD, Tensor memory_BSD, IReadOnlyList<RecurrentState> state, AttentionMask mask)
    {
        ArgumentNullException.ThrowIfNull(embedded_BTD);
        using var scope = NewDisposeScope();
        var keys_BSD = ProjectKeys(memory_BSD);
        var (contextWeight, embeddingWeight, bias) = layers[0].SplitInput(_options.Width);
        var top = new List<Tensor>();
        // The embeddings' part of the first layer's input, for all steps in one product: [B, T, gates · D].
        foreach (var input_BG in Autocast.Linear(embedded_BTD, embeddingWeight, bias).unbind(1))
        {
            state = Step(input_BG, contextWeight, keys_BSD, memory_BSD, state, mask);
            top.Add(state[^1].Hidden);
        }
        return (top.Count == 0 ? embedded_BTD.alias() : stack(top, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>One step.</summary>
    /// <param name="embedded_RD">[R, D]: the newest token of each row.</param>
    /// <param name="keys_NSD">From <see cref="ProjectKeys"/>; the rows of a sentence share its keys.</param>
    /// <param name="memory_NSD">[N, S, D].</param>
    /// <param name="state">A state a layer.</param>
    /// <param name="mask">Which source steps count.</param>
    /// <returns>The next states; the last one's hidden state is the step's output.</returns>
    internal IReadOnlyList<RecurrentState> Step(
        Tensor embedded_RD,
        Tensor keys_NSD,
        Tensor memory_NSD,
        IReadOnlyList<RecurrentState> state,
        AttentionMask mask
    )
    {
        using var scope = NewDisposeScope();
        var (contextWeight, embeddingWeight, bias) = layers[0].SplitInput(_options.Width);
        var input_RG = Autocast.Linear(embedded_RD, embeddingWeight, bias);
        var next = Step(input_RG, contextWeight, keys_NSD, memory_NSD, state, mask);
        foreach (var layer in next)
        {
            layer.Hidden.MoveToOuterDisposeScope();
            layer.Memory?.MoveToOuterDisposeScope();
        }
        return next;
    }

    private List<RecurrentState> Step(
        Tensor input_RG,
        Tensor contextWeight,
        Tensor keys_NSD,
        Tensor memory_NSD,
        IReadOnlyList<RecurrentState> state,
        AttentionMask mask
    )
    {
        // [R, D] → [N, beams, D]: the rows of one sentence are queries to the same keys.
        var query_NQD = state[^1].Hidden.view(memory_NSD.shape[0], -1, _options.Width);
        var scores_NQS = score is AdditiveScore additive
            ? additive.ScoreProjected(query_NQD, keys_NSD)
            : score.forward(query_NQD, keys_NSD);
        var weights_NQS = MaskedSoftmax.Apply(scores_NQS, mask);
        Recorder?.Invoke(weights_NQS.detach().clone().DetachFromDisposeScope());
        weights_NQS = CounterDropout.Apply(weights_NQS, _options.AttentionDropout, training);
        var context_RD = weights_NQS.matmul(memory_NSD).view(-1, _options.Width);
        var gates_RG = input_RG.add(Autocast.Linear(context_RD, contextWeight), Number.Of(1));
        var next = new List<RecurrentState>();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            if (layer > 0)
            {
                gates_RG = layers[layer].ProjectInput(CounterDropout.Apply(next[^1].Hidden, _options.Dropout, training));
            }
            next.Add(layers[layer].Step(gates_RG, state[layer]));
        }
        return next;
    }
}
