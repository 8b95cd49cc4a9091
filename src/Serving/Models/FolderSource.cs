using System.Security.Cryptography;
using TrainingCluster.Modeling.Serialization;

namespace TrainingCluster.Serving.Models;

/// <summary>A model folder. It may be replaced while it is served: its manifest, which is written last, says when it is whole.</summary>
internal sealed class FolderSource : IModelSource
{
    private readonly string _folder;

    /// <param name="folder">The folder; its name is the model's id.</param>
    public FolderSource(string folder)
    {
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        Id = Path.GetFileName(_folder) is { Length: > 0 } name ? name : "model";
    }

    /// <summary>The model's id.</summary>
    public string Id { get; }

    /// <inheritdoc/>
    public string Name => _folder;

    /// <inheritdoc/>
    public bool IsNamed => true;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ModelOffer>> LookAsync(CancellationToken cancellationToken)
    {
        ModelOffer offer;
        try
        {
            var manifest = ModelFolder.ReadManifest(_folder);
            var version = SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, ModelFolder.ManifestFile)));
            offer = new(Id, "", Convert.ToHexStringLower(version), "", false, manifest.WeightsSha256);
        }
        catch (Exception error) when (error is ModelFolderException or IOException or UnauthorizedAccessException)
        {
            offer = new(Id, "", "", error.Message, false, "");
        }
        return Task.FromResult<IReadOnlyList<ModelOffer>>([offer]);
    }

    /// <inheritdoc/>
    public Task<string> FetchAsync(ModelOffer offer, CancellationToken cancellationToken) => Task.FromResult(_folder);

    /// <inheritdoc/>
    public void Forget(string id) { }
}
