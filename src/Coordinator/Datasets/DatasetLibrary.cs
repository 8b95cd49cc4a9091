using System.Collections.Concurrent;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>
/// Datasets by fingerprint: the same content is stored once, and never changed. One that was damaged is not there: the next upload
/// replaces it.
/// </summary>
public sealed partial class DatasetLibrary(DataFolder data, Quotas quotas, ILogger<DatasetLibrary> logger)
{
    // Names, sizes and times of the files that were held against their checksums, and what was wrong with them; empty: nothing.
    private readonly ConcurrentDictionary<string, (string Stamp, string Problem)> _verified = new(StringComparer.Ordinal);

    /// <summary>The dataset of this fingerprint; null when it is not here, or not whole.</summary>
    public async Task<DatasetInfo?> FindAsync(string fingerprint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        // Names come from outside: only what a fingerprint can be ever becomes a path.
        if (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigitLower) || !IsWhole(fingerprint))
        {
            return null;
        }
        return new DatasetInfo
        {
            Fingerprint = fingerprint,
            SizeBytes = new DirectoryInfo(Folder(fingerprint)).EnumerateFiles().Sum(f => f.Length),
            ManifestJson = await File.ReadAllTextAsync(Path.Combine(Folder(fingerprint), DatasetManifest.FileName), cancellationToken),
        };
    }

    /// <summary>The folder of a dataset.</summary>
    public string Folder(string fingerprint) => Path.Combine(data.Datasets, fingerprint);

    /// <summary>A place to receive a dataset into.</summary>
    public FolderReceiver Receive() => new(data.Datasets, mostBytes: quotas.ForDataset(data));

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
            if (!IsWhole(fingerprint))
            {
                if (Directory.Exists(final))
                {
                    Directory.Delete(final, recursive: true);
                }
                received.MoveTo(final);
                _verified[fingerprint] = (Stamp(final), "");
            }
        }
        catch (IOException) when (Directory.Exists(final))
        {
            // Another upload of the same content was faster: it is the same.
        }
        return fingerprint;
    }

    /// <summary>Whether every file is as the manifest says. They are read once, and again when one of them changes.</summary>
    private bool IsWhole(string fingerprint)
    {
        var folder = Folder(fingerprint);
        if (!Directory.Exists(folder))
        {
            return false;
        }
        var stamp = Stamp(folder);
        if (_verified.TryGetValue(fingerprint, out var before) && before.Stamp == stamp)
        {
            return before.Problem.Length == 0;
        }
        var problem = Problem(folder, fingerprint);
        _verified[fingerprint] = (stamp, problem);
        if (problem.Length > 0)
        {
            LogDamaged(fingerprint, problem);
        }
        return problem.Length == 0;
    }

    private static string Stamp(string folder) =>
        string.Join(
            '\n',
            Dataset
                .FileNames.Append(DatasetManifest.FileName)
                .Select(name => new FileInfo(Path.Combine(folder, name)))
                .Select(file => file.Exists ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "missing")
        );

    private static string Problem(string folder, string fingerprint)
    {
        try
        {
            using var dataset = Dataset.Open(folder);
            return dataset.Fingerprint == fingerprint ? "" : $"it is the dataset {dataset.Fingerprint}";
        }
        catch (DatasetException e)
        {
            return e.Message;
        }
    }

    [LoggerMessage(EventId = 240, Level = LogLevel.Warning, Message = "the stored dataset {Fingerprint} is of no use: {Problem}")]
    private partial void LogDamaged(string fingerprint, string problem);
}
