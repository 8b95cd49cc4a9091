using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>Fills micro-batches.</summary>
public static class BatchBuilder
{
    /// <summary>The micro-batch of the training pairs with the numbers <paramref name="indices"/>, one a row, in their order.</summary>
    public static Batch Build(Dataset dataset, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(indices);
        return Build(
            indices.Count,
            row => dataset.SourceLength(indices[row]),
            row => dataset.TargetLength(indices[row]),
            (row, to) => dataset.CopySource(indices[row], to),
            (row, to) => dataset.CopyTarget(indices[row], to)
        );
    }

    /// <summary>A micro-batch of pairs given as tokens without special ones, one a row, in their order.</summary>
    public static Batch Build(IReadOnlyList<int[]> sources, IReadOnlyList<int[]> targets)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(targets);
        if (sources.Count != targets.Count)
        {
            throw new ArgumentException($"{sources.Count} source sentences but {targets.Count} target sentences.", nameof(targets));
        }
        return Build(
            sources.Count,
            row => sources[row].Length,
            row => targets[row].Length,
            (row, to) => Widen(sources[row], to),
            (row, to) => Widen(targets[row], to)
        );
    }

    private delegate void Copy(int row, Span<long> to);

    private static Batch Build(int rows, Func<int, int> sourceLength, Func<int, int> targetLength, Copy copySource, Copy copyTarget)
    {
        var sourceLengths = new int[rows];
        var targetLengths = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            (sourceLengths[row], targetLengths[row]) = (sourceLength(row) + 1, targetLength(row) + 1);
        }
        var sourceWidth = sourceLengths.DefaultIfEmpty(0).Max();
        var targetWidth = targetLengths.DefaultIfEmpty(0).Max();
        // Padding is id 0, which is what new arrays hold.
        var source = new long[rows * sourceWidth];
        var decoderInput = new long[rows * targetWidth];
        var labels = new long[rows * targetWidth];
        for (var row = 0; row < rows; row++)
        {
            var sourceRow = source.AsSpan(row * sourceWidth, sourceLengths[row]);
            copySource(row, sourceRow[..^1]);
            sourceRow[^1] = BpeTokenizer.EosId;
            var labelRow = labels.AsSpan(row * targetWidth, targetLengths[row]);
            copyTarget(row, labelRow[..^1]);
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
