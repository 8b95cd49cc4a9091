namespace TrainingCluster.Cli.Security;

/// <summary>Files that belong together: all of them are on the disk before the first one takes its name.</summary>
internal sealed class PrivateFileSet : IDisposable
{
    private readonly List<PrivateFile> _files = [];

    /// <summary>Writes a file's new content. See <see cref="PrivateFile"/>.</summary>
    public void Write(string path, string text)
    {
        var file = PrivateFile.Begin(path);
        _files.Add(file);
        file.Write(text);
    }

    /// <summary>Renames all, in the order in which they were written.</summary>
    public void Publish() => _files.ForEach(file => file.Publish());

    /// <summary>Removes what was written and not published.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());
}
