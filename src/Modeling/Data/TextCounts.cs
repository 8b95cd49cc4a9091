namespace TrainingCluster.Modeling.Data;

/// <summary>What became of one parallel text. Lines = Kept + SkippedEmpty + SkippedTooLong + HeldOut.</summary>
public sealed record TextCounts
{
    /// <summary>Lines read.</summary>
    public long Lines { get; init; }

    /// <summary>Pairs in the dataset.</summary>
    public long Kept { get; init; }

    /// <summary>Pairs with nothing on one side or both.</summary>
    public long SkippedEmpty { get; init; }

    /// <summary>Pairs with more tokens on one side than allowed.</summary>
    public long SkippedTooLong { get; init; }

    /// <summary>Pairs moved to the validation set.</summary>
    public long HeldOut { get; init; }

    /// <summary>Tokens of the kept source sentences, without special tokens.</summary>
    public long SourceTokens { get; init; }

    /// <summary>Tokens of the kept target sentences, without special tokens.</summary>
    public long TargetTokens { get; init; }
}
