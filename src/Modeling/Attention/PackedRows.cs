using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Sentences one after another in one row of N tokens, without the padding that makes a rectangle of them. Legend: <c>B</c> sentences,
/// <c>P</c> passes over all of them, <c>N</c> tokens of a pass.
/// </summary>
/// <remarks>
/// N is rounded up to a multiple of 64: matrix products have few different shapes then. oneDNN compiles code for each shape, which takes
/// time and a quarter of a megabyte. Tokens that fill up are padding, which no sentence attends to.
/// </remarks>
internal sealed class PackedRows
{
    private const int Multiple = 64;

    private readonly int[] _lengths;

    /// <summary>Packs sentences.</summary>
    /// <param name="lengths">Of each sentence; 0 for none of its tokens.</param>
    /// <param name="passes">P: how often the whole comes.</param>
    public PackedRows(IEnumerable<int> lengths, int passes = 1)
    {
        _lengths = [.. lengths];
        Passes = passes;
        Tokens = Math.Max(Multiple, (_lengths.Sum() + Multiple - 1) / Multiple * Multiple);
        var sentences = new List<(int Start, int Length)>();
        for (var pass = 0; pass < passes; pass++)
        {
            var start = pass * Tokens;
            foreach (var length in _lengths)
            {
                sentences.Add((start, length));
                start += length;
            }
        }
        Sentences = sentences;
    }

    /// <summary>P.</summary>
    public int Passes { get; }

    /// <summary>N.</summary>
    public int Tokens { get; }

    /// <summary>The longest sentence's length.</summary>
    public int Longest => _lengths.DefaultIfEmpty().Max();

    /// <summary>Of all passes, in their order: the first token's place, and how many there are.</summary>
    public IReadOnlyList<(int Start, int Length)> Sentences { get; }

    /// <summary>The tokens of a rectangle.</summary>
    /// <param name="tokens_BT">[B, T] int64, in the CPU's memory.</param>
    /// <param name="passes">How many passes to give; at most P.</param>
    /// <returns>passes·N tokens.</returns>
    public long[] Take(Tensor tokens_BT, int passes)
    {
        var width = (int)tokens_BT.shape[1];
        using var whole = tokens_BT.contiguous();
        var rectangle = whole.data<long>().ToArray();
        return Fill(passes, (row, column) => rectangle[(row * width) + column]);
    }

    /// <summary>Where in its sentence each of the P·N tokens stands, from 0.</summary>
    public long[] Positions() => Fill(Passes, (_, column) => column);

    /// <summary>A row of numbers for each token of all passes, to be written where sentences lie; zeros for padding.</summary>
    /// <returns>[1, P·N, width].</returns>
    public Tensor NewRows(long width, ScalarType type)
    {
        var rows = empty([1, Passes * Tokens, width], type);
        var used = _lengths.Sum();
        for (var pass = 0; pass < Passes && used < Tokens; pass++)
        {
            using var padding = rows.narrow(1, (pass * Tokens) + used, Tokens - used);
            padding.zero_();
        }
        return rows;
    }

    private long[] Fill(int passes, Func<int, int, long> number)
    {
        var packed = new long[passes * Tokens];
        for (var sentence = 0; sentence < passes * _lengths.Length; sentence++)
        {
            var (start, length) = Sentences[sentence];
            for (var column = 0; column < length; column++)
            {
                packed[start + column] = number(sentence % _lengths.Length, column);
            }
        }
        return packed;
    }
}
