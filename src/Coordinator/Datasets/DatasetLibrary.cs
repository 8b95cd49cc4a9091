using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>Datasets by fingerprint: the same content is stored once, and never changed.</summary>
public sealed class DatasetLibrary(DataFolder data)
{
    /// <summary>The dataset of this fingerprint; null when it is not here.</summary>
    public async Task<DatasetInfo?> FindAsync(string fingerprint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        // Names come from outside: only what a fingerprint can be ever becomes a path.
        if (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }
        var manifest = Path.Combine(Folder(fingerprint), DatasetManifest.FileName);
        if (!File.Exists(manifest))
        {
            return null;
        }
        return new DatasetInfo
        {
            Fingerprint = fingerprint,
            Bytes = new DirectoryInfo(Folder(fingerprint)).EnumerateFiles().Sum(f => f.Length),
            ManifestJson = await File.ReadAllTextAsync(manifest, cancellationToken),
        };
    }

    /// <summary>The folder of a dataset.</summary>
    public string Folder(string fingerprint) => Path.Combine(data.Datasets, fingerprint);

    /// <summary>A place to receive a dataset into.</summary>
    public FolderReceiver Receive() => new(data.Datasets);

    /// <summary>Verifies a received dataset against its own manifest and keeps it.</summary>
    /// <returns>Its fingerprint.</returns>
    /// <exception cref="DatasetException">It is damaged or of another version.</exception>
    public string Keep(FolderReceiver received)
    {
        ArgumentNullException.ThrowIfNull(received);
        string fingerprint;
        using (var dataset = Dataset.Open(received.Folder))
        {
            fingerprint = dataset.Fingerprint;
        }
        var final = Folder(fingerprint);
        try
        {
            if (!Directory.Exists(final))
            {
                received.MoveTo(final);
            }
        }
        catch (IOException) when (Directory.Exists(final))
        {
            // Another upload of the same content was faster: it is the same.
        }
        return fingerprint;
    }
}
