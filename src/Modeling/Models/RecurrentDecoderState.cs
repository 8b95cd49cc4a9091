using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>A recurrent model's state between the steps of a prediction: the encoder's states and each layer's own.</summary>
internal sealed class RecurrentDecoderState : DecoderState
{
    private Tensor _lengths_N;

    /// <param name="sentences">N.</param>
    /// <param name="beams">Rows of each sentence.</param>
    /// <param name="lengths_N">[N].</param>
    /// <param name="memory_NSD">[N, S, D].</param>
    /// <param name="keys_NSD">[N, S, D].</param>
    /// <param name="final">A state a layer, a sentence a row; every beam starts from it.</param>
    public RecurrentDecoderState(
        long sentences,
        int beams,
        Tensor lengths_N,
        Tensor memory_NSD,
        Tensor keys_NSD,
        IReadOnlyList<RecurrentState> final
    )
        : base(sentences, beams)
    {
        _lengths_N = lengths_N.alias().DetachFromDisposeScope();
        // An alias of its own: with a dot product, keys and memory are one tensor.
        Memory = memory_NSD.alias().DetachFromDisposeScope();
        Keys = keys_NSD.alias().DetachFromDisposeScope();
        Layers = [.. final.Select(layer => new RecurrentState(Repeat(layer.Hidden), layer.Memory is null ? null : Repeat(layer.Memory)))];
    }

    public Tensor Memory { get; private set; }

    public Tensor Keys { get; private set; }

    public IReadOnlyList<RecurrentState> Layers { get; private set; }

    /// <summary>Made anew in the caller's dispose scope.</summary>
    public AttentionMask MemoryMask() => AttentionMask.FromLengths(_lengths_N, Memory.shape[1]);

    /// <summary>Takes the next states over.</summary>
    public void Advance(IReadOnlyList<RecurrentState> next)
    {
        DisposeLayers();
        Layers =
        [
            .. next.Select(layer => new RecurrentState(layer.Hidden.DetachFromDisposeScope(), layer.Memory?.DetachFromDisposeScope())),
        ];
        Step++;
    }

    protected override void SelectRows(Tensor rows_R) =>
        Layers = [
            .. Layers.Select(layer => new RecurrentState(
                TransformerState.Replace(layer.Hidden, rows_R),
                layer.Memory is null ? null : TransformerState.Replace(layer.Memory, rows_R)
            )),
        ];

    protected override void SelectSentences(Tensor sentences_N)
    {
        Memory = TransformerState.Replace(Memory, sentences_N);
        Keys = TransformerState.Replace(Keys, sentences_N);
        _lengths_N = TransformerState.Replace(_lengths_N, sentences_N);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            return;
        }
        Memory.Dispose();
        Keys.Dispose();
        _lengths_N.Dispose();
        DisposeLayers();
    }

    private Tensor Repeat(Tensor state_ND) => state_ND.repeat_interleave(Beams, 0).DetachFromDisposeScope();

    private void DisposeLayers()
    {
        foreach (var layer in Layers)
        {
            layer.Hidden.Dispose();
            layer.Memory?.Dispose();
        }
    }
}
