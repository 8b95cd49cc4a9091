using TrainingCluster.Files;

namespace TrainingCluster.Serving.Hosting;

/// <summary>The folder of fetched models.</summary>
internal sealed class FetchedModels : IDisposable
{
    private readonly bool _isTemporary;

    /// <param name="folder">Null: a temporary one, which goes at the end.</param>
    public FetchedModels(string? folder)
    {
        _isTemporary = folder is null;
        Folder = folder is null ? Directory.CreateTempSubdirectory("cluster-serving-").FullName : Path.GetFullPath(folder);
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Removes what a transfer that was broken off has left. Call once nobody else uses the folder.</summary>
    public void Prepare() => FolderReceiver.RemoveLeftovers(Folder);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isTemporary)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
