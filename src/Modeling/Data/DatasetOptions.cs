using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>What <see cref="DatasetBuilder"/> makes a dataset of.</summary>
public sealed record DatasetOptions
{
    /// <summary>The text to train on.</summary>
    public required ParallelText Train { get; init; }

    /// <summary>The text to evaluate on while training. Null: see <see cref="HoldOut"/>.</summary>
    public ParallelText? Validation { get; init; }

    /// <summary>
    /// Without a validation text: hold out 1 % of the training pairs, at most 1,000, always the same ones. Default: true.
    /// </summary>
    public bool HoldOut { get; init; } = true;

    /// <summary>
    /// Tokens in the joint vocabulary, from <see cref="BpeTokenizer.MinimumVocabularySize"/> to 1,000,000. Default: 6,000.
    /// </summary>
    public int VocabularySize { get; init; } = 6000;

    /// <summary>Longest sentence in tokens, 1 to 100,000; longer ones are left out and counted. Default: 128.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>
    /// Bring text to Unicode's form NFKC: full-width forms, ligatures and the like become plain characters. Default: false.
    /// </summary>
    public bool Nfkc { get; init; }

    /// <summary>Leave out training pairs that stood there before. They are counted in any case. Default: false.</summary>
    public bool DropDuplicates { get; init; }

    /// <summary>Label of the source language, "de" say. Null: not told.</summary>
    public string? SourceLanguage { get; init; }

    /// <summary>Label of the target language. Null: not told.</summary>
    public string? TargetLanguage { get; init; }

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
