using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>What <see cref="DatasetBuilder"/> makes a dataset of.</summary>
public sealed record DatasetOptions
{
    /// <summary>The text to train on.</summary>
    public required ParallelText Train { get; init; }

    /// <summary>
    /// The text to evaluate on while training. Null: 1 % of the training pairs are held out for it, at most 1,000, always the
    /// same ones.
    /// </summary>
    public ParallelText? Validation { get; init; }

    /// <summary>
    /// Tokens in the joint vocabulary, from <see cref="BpeTokenizer.MinimumVocabularySize"/> to 1,000,000. Default: 6,000.
    /// </summary>
    public int VocabularySize { get; init; } = 6000;

    /// <summary>Longest sentence in tokens, 1 to 100,000; longer ones are left out and counted. Default: 128.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>All that is wrong with the options, each with the fix; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (VocabularySize is < BpeTokenizer.MinimumVocabularySize or > 1_000_000)
        {
            errors.Add(
                $"{nameof(VocabularySize)} is {VocabularySize}: choose {BpeTokenizer.MinimumVocabularySize} (special tokens and bytes "
                    + "alone) to 1000000."
            );
        }
        if (MaxTokens is < 1 or > 100_000)
        {
            errors.Add($"{nameof(MaxTokens)} is {MaxTokens}: choose 1 to 100000.");
        }
        return errors;
    }
}
