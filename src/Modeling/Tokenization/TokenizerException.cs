namespace TrainingCluster.Modeling.Tokenization;

/// <summary>A tokenizer file that cannot be used. The message names the file, what is wrong and what helps.</summary>
public sealed class TokenizerException : Exception
{
    /// <summary>An exception without a message.</summary>
    public TokenizerException() { }

    /// <summary>An exception with what is wrong and how to fix it.</summary>
    public TokenizerException(string message)
        : base(message) { }

    /// <summary>An exception with what is wrong and what made it so.</summary>
    public TokenizerException(string message, Exception innerException)
        : base(message, innerException) { }
}
