namespace TrainingCluster.Modeling.Native;

/// <summary>libtorch cannot be used here. The message is one line: which library, why, and what helps.</summary>
public sealed class LibtorchException : Exception
{
    /// <summary>An exception without a message.</summary>
    public LibtorchException() { }

    /// <summary>An exception with what is wrong and how to fix it.</summary>
    public LibtorchException(string message)
        : base(message) { }

    /// <summary>An exception with what is wrong and what made it so.</summary>
    public LibtorchException(string message, Exception innerException)
        : base(message, innerException) { }
}
