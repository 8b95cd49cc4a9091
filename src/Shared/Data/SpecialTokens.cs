namespace TrainingCluster.Data;

/// <summary>The tokens with a meaning of their own: the first ids of every vocabulary.</summary>
public static class SpecialTokens
{
    /// <summary>Fills rows up to the longest of a batch.</summary>
    public const int Pad = 0;

    /// <summary>Begins the decoder's input.</summary>
    public const int Bos = 1;

    /// <summary>Ends every sentence.</summary>
    public const int Eos = 2;

    /// <summary>Never made by the tokenizer, which knows every byte; kept because tools expect it.</summary>
    public const int Unk = 3;

    /// <summary>How many there are.</summary>
    public const int Count = 4;

    /// <summary>Their texts, by id.</summary>
    public static IReadOnlyList<string> Texts { get; } = ["<pad>", "<bos>", "<eos>", "<unk>"];
}
