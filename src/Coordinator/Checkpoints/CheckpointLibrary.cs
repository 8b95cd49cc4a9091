using System.Globalization;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>
/// Checkpoints and models of jobs. A checkpoint is whole or not there; one that was damaged later is named and passed over.
/// </summary>
public sealed class CheckpointLibrary(DataFolder data, Quotas quotas) : IDisposable
{
    private static readonly string[] s_ownNames = [CheckpointManifest.FileName, CheckpointManifest.DamagedMark];

    private readonly CheckpointParts _parts = new(data);

    /// <summary>A place to receive a job's checkpoint or model into.</summary>
    public FolderReceiver Receive(string jobId) => new(data.Uploads, mostBytes: quotas.ForJob(data, jobId));

    /// <summary>
    /// Keeps a part of a checkpoint that several workers write. When it was the last one, the whole, to be kept; else null.
    /// </summary>
    public Task<FolderReceiver?> AddPartAsync(FolderReceiver received, CheckpointHeader header, CancellationToken cancellationToken) =>
        _parts.AddAsync(received, header, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _parts.Dispose();

    /// <summary>Keeps a received checkpoint, and removes those that are no longer to be kept.</summary>
    /// <param name="received">Its files.</param>
    /// <param name="header">What it is.</param>
    /// <param name="keep">Newest so many are kept, and the newest of the best ones.</param>
    /// <param name="cancellationToken">Ends it before it is kept.</param>
    /// <exception cref="FileTransferException">A file has a name that is the coordinator's.</exception>
    public async Task<CheckpointInfo> KeepAsync(
        FolderReceiver received,
        CheckpointHeader header,
        int keep,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(received);
        ArgumentNullException.ThrowIfNull(header);
        if (received.Files.FirstOrDefault(f => s_ownNames.Contains(f.Path.Split('/')[0])) is { } own)
        {
            throw new FileTransferException("file.path", $"'{own.Path}' is what the coordinator itself writes beside the files");
        }
        var manifest = new CheckpointManifest(
            CheckpointManifest.CurrentVersion,
            header.JobId,
            header.Generation,
            header.Step,
            header.Best,
            received.Files,
            header.Epoch
        );
        await received.AddAsync(CheckpointManifest.FileName, manifest.ToBytes(), cancellationToken);
        var final = Folder(header.JobId, Id(header.Step));
        // The same step again has the same content, unless the old one is damaged.
        if (Directory.Exists(final))
        {
            Directory.Delete(final, recursive: true);
        }
        received.MoveTo(final);
        Prune(header.JobId, keep);
        return Info(header.JobId, Id(header.Step), manifest, "");
    }

    /// <summary>Keeps a received model as the job's result.</summary>
    public CheckpointInfo KeepModel(FolderReceiver received, CheckpointHeader header)
    {
        ArgumentNullException.ThrowIfNull(received);
        ArgumentNullException.ThrowIfNull(header);
        var final = data.Model(header.JobId);
        if (Directory.Exists(final))
        {
            Directory.Delete(final, recursive: true);
        }
        received.MoveTo(final);
        return new()
        {
            CheckpointId = "model",
            JobId = header.JobId,
            Step = header.Step,
            Best = header.Best,
            SizeBytes = received.Files.Sum(f => f.Bytes),
        };
    }

    /// <summary>The folder of a job's model; null when there is none.</summary>
    public string? Model(string jobId) => Directory.Exists(data.Model(jobId)) ? data.Model(jobId) : null;

    /// <summary>
    /// All checkpoints of a job, oldest first. Damage that shows without reading every byte is named in each one's error.
    /// </summary>
    public IReadOnlyList<CheckpointInfo> List(string jobId)
    {
        var folder = data.Checkpoints(jobId);
        if (!Directory.Exists(folder))
        {
            return [];
        }
        return
        [
            .. Directory
                .EnumerateDirectories(folder)
                .Select(Path.GetFileName)
                .Where(name => long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                .Select(name => Look(jobId, name!))
                .OrderBy(info => info.Step),
        ];
    }

    /// <summary>The newest checkpoint whose every byte is as it was stored, and what is wrong with the newer ones.</summary>
    public async Task<(CheckpointInfo? Newest, IReadOnlyList<CheckpointInfo> Damaged)> NewestWholeAsync(
        string jobId,
        CancellationToken cancellationToken
    )
    {
        var damaged = new List<CheckpointInfo>();
        foreach (var info in List(jobId).Reverse())
        {
            if (info.Error.Length == 0)
            {
                info.Error = await VerifyAsync(jobId, info.CheckpointId, cancellationToken) ?? "";
            }
            if (info.Error.Length == 0)
            {
                return (info, damaged);
            }
            damaged.Add(info);
        }
        return (null, damaged);
    }

    /// <summary>The newest checkpoint that is not known to be damaged, without reading it; null: none.</summary>
    public CheckpointInfo? Newest(string jobId) => List(jobId).LastOrDefault(c => c.Error.Length == 0);

    /// <summary>
    /// Reads a whole checkpoint. Null: it is as it was stored; else what is wrong with it, and it is passed over from now on.
    /// </summary>
    public async Task<string?> VerifyAsync(string jobId, string checkpointId, CancellationToken cancellationToken)
    {
        var folder = Folder(jobId, checkpointId);
        var (_, problem) = await CheckpointManifest.VerifyAsync(folder, cancellationToken);
        if (problem.Length == 0)
        {
            return null;
        }
        Reject(jobId, checkpointId, problem);
        return problem;
    }

    /// <summary>Passes a checkpoint over from now on. It stays for whoever wants to look.</summary>
    public void Reject(string jobId, string checkpointId, string why)
    {
        if (Directory.Exists(Folder(jobId, checkpointId)))
        {
            File.WriteAllText(Path.Combine(Folder(jobId, checkpointId), CheckpointManifest.DamagedMark), why);
        }
    }

    /// <summary>The folder of a checkpoint, whether or not it is there.</summary>
    public string Folder(string jobId, string checkpointId) => Path.Combine(data.Checkpoints(jobId), checkpointId);

    /// <summary>Removes all files of a job.</summary>
    public void Remove(string jobId)
    {
        _parts.Remove(jobId);
        if (Directory.Exists(data.Job(jobId)))
        {
            Directory.Delete(data.Job(jobId), recursive: true);
        }
    }

    private static string Id(long step) => step.ToString(CultureInfo.InvariantCulture);

    private CheckpointInfo Look(string jobId, string checkpointId)
    {
        var (manifest, problem) = CheckpointManifest.Look(Folder(jobId, checkpointId));
        if (problem.Length == 0 && manifest is not null && (manifest.JobId != jobId || Id(manifest.Step) != checkpointId))
        {
            problem = $"{CheckpointManifest.FileName} is of job {manifest.JobId}, step {manifest.Step}: the files are not of this place";
        }
        return Info(jobId, checkpointId, manifest, problem);
    }

    private static CheckpointInfo Info(string jobId, string checkpointId, CheckpointManifest? manifest, string problem) =>
        new()
        {
            CheckpointId = checkpointId,
            JobId = jobId,
            Step = long.Parse(checkpointId, CultureInfo.InvariantCulture),
            SizeBytes = manifest?.Files.Sum(f => f.Bytes) ?? 0,
            Best = manifest?.Best ?? false,
            Generation = manifest?.Generation ?? 0,
            Error = problem,
        };

    private void Prune(string jobId, int keep)
    {
        // Damaged ones do not count, and stay for whoever wants to look.
        var whole = List(jobId).Where(c => c.Error.Length == 0).ToArray();
        var best = whole.LastOrDefault(c => c.Best);
        foreach (var old in whole.SkipLast(keep).Where(c => c != best))
        {
            Directory.Delete(Folder(jobId, old.CheckpointId), recursive: true);
        }
    }
}
