namespace TrainingCluster.Cli.Local;

/// <summary>A folder of the command's own, removed with all that is in it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private bool _isKept;

    /// <summary>Makes the folder.</summary>
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("cluster-").FullName;
        OwnedResources.Add(Path);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Leaves the folder where it is.</summary>
    public void Keep()
    {
        _isKept = true;
        OwnedResources.Remove(Path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isKept)
        {
            return;
        }
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody was faster, which is fine.
        }
        OwnedResources.Remove(Path);
    }
}
