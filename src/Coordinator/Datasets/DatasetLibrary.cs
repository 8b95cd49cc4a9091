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
public sealed partial class DatasetLibrary(DataFolder data, Quotas quotas, ILogger<DatasetLibrary> logger) : IDisposable
{
    // Names, sizes and times of the files that were held against their checksums, and what was wrong with them; empty: nothing.
    private readonly ConcurrentDictionary<string, (string Stamp, string Problem)> _verified = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changes = new(1);

    /// <summary>The dataset of this fingerprint; null when it is not here, or not whole.</summary>
    public async Task<DatasetInfo?> FindAsync(string fingerprint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        // Names come from outside: only what a fingerprint can be ever becomes a path.
        if (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigitLower) || !IsWhole(fingerprint))
        {
            return null;
        }
        return await InfoAsync(fingerprint, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _changes.Dispose();

    /// <summary>Whether there is a folder of this dataset, which may be damaged.</summary>
    public bool Has(string fingerprint) => Directory.Exists(Folder(fingerprint));

    /// <summary>All datasets of which there is a folder, and when it came.</summary>
    public IEnumerable<(string Fingerprint, DateTimeOffset Created)> Folders() =>
        new DirectoryInfo(data.Datasets)
            .EnumerateDirectories()
            .Where(folder => !folder.Name.StartsWith('.'))
            .Select(folder => (folder.Name, new DateTimeOffset(folder.LastWriteTimeUtc)));

    /// <summary>What a dataset's manifest says; its files are not read. What is wrong with it stands in the answer.</summary>
    public async Task<DatasetInfo> InfoAsync(string fingerprint, CancellationToken cancellationToken)
    {
        var folder = Folder(fingerprint);
        var info = new DatasetInfo { Fingerprint = fingerprint, SizeBytes = new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length) };
        try
        {
            var manifest = DatasetManifest.Load(folder);
            info.ManifestJson = await File.ReadAllTextAsync(Path.Combine(folder, DatasetManifest.FileName), cancellationToken);
            info.SentenceCount = manifest.Train.Kept;
            info.ValidationSentenceCount = manifest.Validation.Kept;
            info.VocabularySize = manifest.VocabularySize;
            info.Problem = _verified.TryGetValue(fingerprint, out var known) ? WithoutFolder(known.Problem, folder) : "";
        }
        catch (DatasetException e)
        {
            info.Problem = WithoutFolder(e.Message, folder);
        }
        return info;
    }

    /// <summary>
    /// While this is held no dataset is deleted: a job that is made meanwhile of one that is there finds it there. Dispose of it soon.
    /// </summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await _changes.WaitAsync(cancellationToken);
        return new Hold(_changes);
    }

    /// <summary>Deletes a dataset's files. Only for who holds the library, and knows that no job needs it.</summary>
    /// <returns>What that gave back.</returns>
    public long Delete(string fingerprint)
    {
        var folder = Folder(fingerprint);
        if (!Directory.Exists(folder))
        {
            return 0;
        }
        var bytes = new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length);
        // A crash in between leaves a folder that is no dataset any more, and that the next start removes.
        var gone = NewTemporaryFolder();
        Directory.Move(folder, gone);
        Directory.Delete(gone, recursive: true);
        _verified.TryRemove(fingerprint, out _);
        return bytes;
    }

    /// <summary>A name for a folder beside the datasets; what a crash leaves of it the next start removes.</summary>
    public string NewTemporaryFolder() => Path.Combine(data.Datasets, $"{FolderReceiver.TemporaryPrefix}{Guid.NewGuid():N}");

    /// <summary>The text of an error without the names of our folders, which mean nothing to clients.</summary>
    public static string WithoutFolder(string text, string folder)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
            .Replace(folder, "the dataset", StringComparison.Ordinal);
    }

    /// <summary>The folder of a dataset.</summary>
    public string Folder(string fingerprint) => Path.Combine(data.Datasets, fingerprint);

    /// <summary>A place to receive a dataset into.</summary>
    public FolderReceiver Receive() => new(data.Datasets, mostBytes: MostBytes);

    /// <summary>How many bytes a dataset may have now.</summary>
    public long MostBytes => quotas.ForDataset(data);

    /// <summary>Verifies a received dataset against its own manifest and keeps it.</summary>
    /// <returns>Its fingerprint.</returns>
    /// <exception cref="DatasetException">It is damaged or of another version.</exception>
    public string Keep(FolderReceiver received)
    {
        ArgumentNullException.ThrowIfNull(received);
        return Keep(received.Folder, received.MoveTo);
    }

    /// <summary>The same of a folder on the same disk, whose files are durable already.</summary>
    /// <exception cref="DatasetException">It is damaged or of another version.</exception>
    public string Keep(string folder) => Keep(folder, final => Durable.Move(folder, final));

    private string Keep(string folder, Action<string> moveTo)
    {
        string fingerprint;
        using (var dataset = Dataset.Open(folder))
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
                moveTo(final);
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

    private sealed class Hold(SemaphoreSlim changes) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                changes.Release();
            }
        }
    }

    [LoggerMessage(EventId = 240, Level = LogLevel.Warning, Message = "the stored dataset {Fingerprint} is of no use: {Problem}")]
    private partial void LogDamaged(string fingerprint, string problem);
}
