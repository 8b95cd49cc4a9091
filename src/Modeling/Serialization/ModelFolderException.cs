namespace TrainingCluster.Modeling.Serialization;

/// <summary>A model folder cannot be used; the message names the file and what to do about it.</summary>
public sealed class ModelFolderException : Exception
{
    /// <summary>Makes the exception.</summary>
    public ModelFolderException(string message)
        : base(message) { }

    /// <summary>Makes the exception with its cause.</summary>
    public ModelFolderException(string message, Exception innerException)
        : base(message, innerException) { }

    /// <summary>Makes the exception without a message of its own.</summary>
    public ModelFolderException() { }
}
