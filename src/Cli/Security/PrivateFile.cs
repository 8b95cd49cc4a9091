using TrainingCluster.Files;

namespace TrainingCluster.Cli.Security;

/// <summary>
/// A new content for a file that only its user may read. It is written beside the file and renamed over it when it is on the disk: a
/// reader finds the old content or the new one. While it is being written nobody else can begin to: the second one is told.
/// </summary>
internal sealed class PrivateFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private bool _isPublished;

    private PrivateFile(string path, string temporary, FileStream stream) => (_path, _temporary, _stream) = (path, temporary, stream);

    /// <summary>Begins to replace a file, which need not exist. Its folder is made where it is missing.</summary>
    /// <exception cref="CliException">Another command is writing it, or was killed while it did.</exception>
    public static PrivateFile Begin(string path)
    {
        PrivateFiles.Apply();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        try
        {
            // Shared with readers: under its final name the file is still open for a moment.
            return new PrivateFile(path, temporary, new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read));
        }
        catch (IOException) when (File.Exists(temporary))
        {
            throw new CliException($"{temporary} is there: another command writes it now; if none does, one was killed: delete the file");
        }
    }

    /// <summary>Writes the content. Nobody sees it under the file's own name yet.</summary>
    public void Write(string text)
    {
        using (var writer = new StreamWriter(_stream, leaveOpen: true))
        {
            writer.Write(text);
        }
        _stream.Flush(flushToDisk: true);
    }

    /// <summary>Renames it over the file.</summary>
    public void Publish()
    {
        File.Move(_temporary, _path, overwrite: true);
        _isPublished = true;
        // A file that is synced after it was renamed takes its new name to the disk: so do ext4, XFS and Btrfs.
        _stream.Flush(flushToDisk: true);
    }

    /// <summary>Takes over the permissions of the file that is there, which may let others read it.</summary>
    public void KeepPermissions()
    {
        if (!OperatingSystem.IsWindows() && File.Exists(_path))
        {
            File.SetUnixFileMode(_stream.SafeFileHandle, File.GetUnixFileMode(_path));
        }
    }

    /// <summary>Removes what was written and not published.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_isPublished)
        {
            File.Delete(_temporary);
        }
    }
}
