namespace TrainingCluster.Cli;

/// <summary>A signal ended the command, and there is something to say of how to go on.</summary>
public sealed class InterruptedException : OperationCanceledException
{
    /// <summary>Nothing is to be said.</summary>
    public InterruptedException() { }

    /// <summary>What to say.</summary>
    /// <param name="message">How to go on.</param>
    public InterruptedException(string message)
        : base(message) { }

    /// <summary>What to say, and what was interrupted.</summary>
    public InterruptedException(string message, Exception innerException)
        : base(message, innerException) { }
}
