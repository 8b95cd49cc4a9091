using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>Fills micro-batches.</summary>
public static class BatchBuilder
{
    /// <summary>A micro-batch of pairs given as tokens without special ones, one a row, in their order.</summary>
    public static Batch Build(IReadOnlyList<int[]> sources, IReadOnlyList<int[]> targets)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(targets);
        if (sources.Count != targets.Count)
        {
            throw new ArgumentException($"{sources.Count} source sentences but {targets.Count} target sentences.", nameof(targets));
        }
        var rows = sources.Count;
        int[] sourceLengths = [.. sources.Select(tokens => tokens.Length + 1)];
        int[] targetLengths = [.. targets.Select(tokens => tokens.Length + 1)];
        var sourceWidth = sourceLengths.DefaultIfEmpty(0).Max();
        var targetWidth = targetLengths.DefaultIfEmpty(0).Max();
        // Padding is id 0, which is what new arrays hold.
        var source = new long[rows * sourceWidth];
        var decoderInput = new long[rows * targetWidth];
        var labels = new long[rows * targetWidth];
        for (var row = 0; row < rows; row++)
        {
            var sourceRow = source.AsSpan(row * sourceWidth, sourceLengths[row]);
            Widen(sources[row], sourceRow);
            sourceRow[^1] = BpeTokenizer.EosId;
            var labelRow = labels.AsSpan(row * targetWidth, targetLengths[row]);
            Widen(targets[row], labelRow);
            var inputRow = decoderInput.AsSpan(row * targetWidth, targetLengths[row]);
            inputRow[0] = BpeTokenizer.BosId;
            labelRow[..^1].CopyTo(inputRow[1..]);
            labelRow[^1] = BpeTokenizer.EosId;
        }
        return new Batch
        {
            Rows = rows,
            SourceWidth = sourceWidth,
            TargetWidth = targetWidth,
            Source = source,
            DecoderInput = decoderInput,
            Labels = labels,
            SourceLengths = sourceLengths,
            TargetLengths = targetLengths,
            SourceTokens = sourceLengths.Sum(length => (long)length),
            TargetTokens = targetLengths.Sum(length => (long)length),
        };
    }

    private static void Widen(int[] tokens, Span<long> to)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            to[i] = tokens[i];
        }
    }
}
