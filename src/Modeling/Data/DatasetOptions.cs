using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>What <see cref="DatasetBuilder"/> makes a dataset of.</summary>
public sealed record DatasetOptions
{
    /// <summary>The largest vocabulary.</summary>
    public const int GreatestVocabularySize = 65_535;

    /// <summary>The least and the greatest limit of a sentence.</summary>
    public const int LeastMaxTokens = 4;

    /// <inheritdoc cref="LeastMaxTokens"/>
    public const int GreatestMaxTokens = 4096;

    /// <summary>The text to train on.</summary>
    public required ParallelText Train { get; init; }

    /// <summary>
    /// The text to evaluate on while training. Null: 1 % of the training pairs are held out for it, at most 1,000, always the
    /// same ones.
    /// </summary>
    public ParallelText? Validation { get; init; }

    /// <summary>
    /// Tokens in the joint vocabulary, from <see cref="BpeTokenizer.MinimumVocabularySize"/> to
    /// <see cref="GreatestVocabularySize"/>. Default: 6,000.
    /// </summary>
    public int VocabularySize { get; init; } = 6000;

    /// <summary>
    /// Longest sentence in tokens, <see cref="LeastMaxTokens"/> to <see cref="GreatestMaxTokens"/>; longer ones are left out and
    /// counted. Default: 256.
    /// </summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>
    /// More pairs, or more bytes in all different words together, are refused: memory grows with both. Null: no limit.
    /// </summary>
    public DatasetLimits? Limits { get; init; }

    /// <summary>All that is wrong with the options, each with the fix; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (VocabularySize is < BpeTokenizer.MinimumVocabularySize or > GreatestVocabularySize)
        {
            errors.Add(
                $"{nameof(VocabularySize)} is {VocabularySize}: choose {BpeTokenizer.MinimumVocabularySize} (special tokens and bytes "
                    + $"alone) to {GreatestVocabularySize}."
            );
        }
        if (MaxTokens is < LeastMaxTokens or > GreatestMaxTokens)
        {
            errors.Add($"{nameof(MaxTokens)} is {MaxTokens}: choose {LeastMaxTokens} to {GreatestMaxTokens}.");
        }
        return errors;
    }
}

/// <summary>What the text of strangers may cost.</summary>
/// <param name="Pairs">Pairs of the training text. The making takes 4 bytes for each.</param>
/// <param name="WordBytes">Bytes of all different words of the training text, each counted once. Learning a vocabulary takes some 30 bytes
/// for each.</param>
public sealed record DatasetLimits(long Pairs, long WordBytes);
