using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// What a model keeps between the steps of a prediction: the encoder's part, once a sentence, and the decoder's part,
/// once a row. Rows are <c>sentences × beams</c>, the beams of a sentence side by side. The state owns its tensors,
/// whatever dispose scope is open, until it is disposed.
/// </summary>
public abstract class DecoderState : IDisposable
{
    /// <summary>Makes a state at step 0.</summary>
    protected DecoderState(long sentences, int beams)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(beams, 1);
        Sentences = sentences;
        Beams = beams;
    }

    /// <summary>Sentences still being translated.</summary>
    public long Sentences { get; private set; }

    /// <summary>Rows of each sentence.</summary>
    public int Beams { get; }

    /// <summary>Sentences × beams: the length of the tokens that a step takes.</summary>
    public long Rows => Sentences * Beams;

    /// <summary>Tokens taken so far by each row.</summary>
    public int Step { get; internal set; }

    /// <summary>Lets every row go on from another row of the same sentence.</summary>
    /// <param name="rows_R">[R] int64: new row i continues old row <c>rows[i]</c>.</param>
    public void Reorder(Tensor rows_R)
    {
        ArgumentNullException.ThrowIfNull(rows_R);
        if (rows_R.shape[0] != Rows)
        {
            throw new ArgumentException($"{rows_R.shape[0]} row numbers for {Rows} rows.", nameof(rows_R));
        }
        SelectRows(rows_R);
    }

    /// <summary>Keeps some sentences, with all their rows, and forgets the others.</summary>
    /// <param name="sentences_N">[N] int64: sentences to keep: rising, or each in its own place or in that of one that leaves.</param>
    public void Keep(Tensor sentences_N)
    {
        ArgumentNullException.ThrowIfNull(sentences_N);
        using var scope = NewDisposeScope();
        SelectSentences(sentences_N);
        SelectRows(
            Beams == 1
                ? sentences_N
                : sentences_N
                    .unsqueeze(1)
                    .mul(Number.Of(Beams))
                    .add(arange(Number.Of(0), Number.Of(Beams), Number.Of(1), ScalarType.Int64, sentences_N.device), Number.Of(1))
                    .reshape(-1)
        );
        Sentences = sentences_N.shape[0];
    }

    /// <summary>Reorders or shrinks everything that is kept once a row.</summary>
    protected abstract void SelectRows(Tensor rows_R);

    /// <summary>Shrinks everything that is kept once a sentence.</summary>
    protected abstract void SelectSentences(Tensor sentences_N);

    /// <summary>Frees the kept tensors.</summary>
    protected abstract void Dispose(bool disposing);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }
}
