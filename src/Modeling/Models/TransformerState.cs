using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>What one decoder block keeps: the source's keys and values, and those of the tokens written so far.</summary>
internal sealed class TransformerBlockState(Tensor memoryKeys_NHSK, Tensor memoryValues_NHSK) : IDisposable
{
    public Tensor MemoryKeys { get; private set; } = memoryKeys_NHSK.DetachFromDisposeScope();

    public Tensor MemoryValues { get; private set; } = memoryValues_NHSK.DetachFromDisposeScope();

    public KeyValueCache Tokens { get; } = new();

    public void KeepSentences(Tensor sentences_N)
    {
        MemoryKeys = TransformerState.Replace(MemoryKeys, sentences_N);
        MemoryValues = TransformerState.Replace(MemoryValues, sentences_N);
    }

    public void Dispose()
    {
        MemoryKeys.Dispose();
        MemoryValues.Dispose();
        Tokens.Dispose();
    }
}

/// <summary>A Transformer's state between the steps of a prediction.</summary>
internal sealed class TransformerState : DecoderState
{
    private Tensor? _lengths_N;

    public TransformerState(long sentences, int beams, Tensor lengths_N, long sourceLength, IReadOnlyList<TransformerBlockState> blocks)
        : base(sentences, beams)
    {
        _lengths_N = lengths_N.alias().DetachFromDisposeScope();
        SourceLength = sourceLength;
        Blocks = blocks;
    }

    public IReadOnlyList<TransformerBlockState> Blocks { get; }

    private long SourceLength { get; }

    /// <summary>Made anew in the caller's dispose scope.</summary>
    public AttentionMask MemoryMask() => AttentionMask.FromLengths(_lengths_N!, SourceLength);

    internal static Tensor Replace(Tensor kept, Tensor rows)
    {
        var selected = kept.index_select(0, rows).DetachFromDisposeScope();
        kept.Dispose();
        return selected;
    }

    protected override void SelectRows(Tensor rows_R)
    {
        foreach (var block in Blocks)
        {
            block.Tokens.Select(rows_R);
        }
    }

    protected override void SelectSentences(Tensor sentences_N)
    {
        foreach (var block in Blocks)
        {
            block.KeepSentences(sentences_N);
        }
        _lengths_N = Replace(_lengths_N!, sentences_N);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            return;
        }
        _lengths_N?.Dispose();
        _lengths_N = null;
        foreach (var block in Blocks)
        {
            block.Dispose();
        }
    }
}
