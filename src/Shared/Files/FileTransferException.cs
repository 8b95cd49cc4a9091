namespace TrainingCluster.Files;

/// <summary>What was sent is no folder of files: a path that leads elsewhere, a file that breaks off or is damaged, or nothing.</summary>
/// <param name="field">The field of <see cref="V1.FileChunk"/> that is wrong.</param>
/// <param name="message">What is wrong with it, and of which file.</param>
public sealed class FileTransferException(string field, string message) : IOException(message)
{
    /// <summary>The field of <see cref="V1.FileChunk"/> that is wrong.</summary>
    public string Field { get; } = field;
}
