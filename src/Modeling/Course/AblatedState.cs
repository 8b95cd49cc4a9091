using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>The sources and the tokens written so far.</summary>
internal sealed class AblatedState : DecoderState
{
    private Tensor? _tokens_RT;

    public AblatedState(Tensor source_NS, Tensor lengths_N, int beams)
        : base(source_NS.shape[0], beams)
    {
        Source = source_NS.repeat_interleave(beams, 0).DetachFromDisposeScope();
        Lengths = lengths_N.repeat_interleave(beams, 0).DetachFromDisposeScope();
    }

    /// <summary>[R, S].</summary>
    public Tensor Source { get; private set; }

    /// <summary>[R].</summary>
    public Tensor Lengths { get; private set; }

    /// <summary>Takes in a token a row.</summary>
    /// <returns>All so far: [R, T].</returns>
    public Tensor Append(Tensor tokens_R)
    {
        var column_R1 = tokens_R.unsqueeze(1);
        var grown_RT = (_tokens_RT is null ? column_R1.clone() : cat([_tokens_RT, column_R1], 1)).DetachFromDisposeScope();
        _tokens_RT?.Dispose();
        _tokens_RT = grown_RT;
        Step++;
        return grown_RT;
    }

    protected override void SelectRows(Tensor rows_R)
    {
        (Source, Lengths) = (Selected(Source, rows_R), Selected(Lengths, rows_R));
        _tokens_RT = _tokens_RT is null ? null : Selected(_tokens_RT, rows_R);
    }

    // Everything is kept once a row.
    protected override void SelectSentences(Tensor sentences_N) { }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Source.Dispose();
            Lengths.Dispose();
            _tokens_RT?.Dispose();
        }
    }

    private static Tensor Selected(Tensor kept, Tensor rows)
    {
        var selected = kept.index_select(0, rows).DetachFromDisposeScope();
        kept.Dispose();
        return selected;
    }
}
