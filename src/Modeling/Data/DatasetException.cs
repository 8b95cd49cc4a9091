namespace TrainingCluster.Modeling.Data;

/// <summary>Input or a dataset that cannot be used. The message names the file, the place in it and the fix.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>An exception without a message.</summary>
    public DatasetException() { }

    /// <summary>An exception with what is wrong and how to fix it.</summary>
    public DatasetException(string message)
        : base(message) { }

    /// <summary>An exception with what is wrong and what made it so.</summary>
    public DatasetException(string message, Exception innerException)
        : base(message, innerException) { }
}
