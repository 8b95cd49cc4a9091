namespace TrainingCluster.Modeling.Data;

/// <summary>
/// One micro-batch as plain arrays, row by row. B rows, S the longest source with its end token, T the longest target with
/// its begin or end token. An empty micro-batch has B = S = T = 0.
/// </summary>
public sealed record Batch
{
    /// <summary>B: number of sentence pairs.</summary>
    public required int Rows { get; init; }

    /// <summary>S: width of <see cref="Source"/>.</summary>
    public required int SourceWidth { get; init; }

    /// <summary>T: width of <see cref="DecoderInput"/> and <see cref="Labels"/>.</summary>
    public required int TargetWidth { get; init; }

    /// <summary>[B, S] source tokens, then the end token, then padding.</summary>
    public required long[] Source { get; init; }

    /// <summary>[B, T] the begin token, then target tokens, then padding.</summary>
    public required long[] DecoderInput { get; init; }

    /// <summary>[B, T] target tokens, then the end token, then padding.</summary>
    public required long[] Labels { get; init; }

    /// <summary>[B] tokens of each source row that are no padding, the end token included.</summary>
    public required int[] SourceLengths { get; init; }

    /// <summary>[B] tokens of each target row that are no padding, the end token included.</summary>
    public required int[] TargetLengths { get; init; }

    /// <summary>Sum of <see cref="SourceLengths"/>.</summary>
    public required long SourceTokens { get; init; }

    /// <summary>Sum of <see cref="TargetLengths"/>: the number of labels that count in the loss.</summary>
    public required long TargetTokens { get; init; }

    /// <summary>A micro-batch of one of the rows alone, as wide as it was.</summary>
    public Batch Row(int row) =>
        this with
        {
            Rows = 1,
            Source = Source[(row * SourceWidth)..((row + 1) * SourceWidth)],
            DecoderInput = DecoderInput[(row * TargetWidth)..((row + 1) * TargetWidth)],
            Labels = Labels[(row * TargetWidth)..((row + 1) * TargetWidth)],
            SourceLengths = [SourceLengths[row]],
            TargetLengths = [TargetLengths[row]],
            SourceTokens = SourceLengths[row],
            TargetTokens = TargetLengths[row],
        };
}
