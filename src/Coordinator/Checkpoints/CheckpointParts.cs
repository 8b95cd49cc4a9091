using System.Globalization;
using Google.Protobuf;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>
/// Parts of checkpoints that several workers write together. They lie in a temporary folder until the last one has come; a checkpoint
/// of which a part never comes goes when a newer one is whole, with its job, or at the next start.
/// </summary>
internal sealed class CheckpointParts(DataFolder data) : IDisposable
{
    private const string Prefix = FolderReceiver.TemporaryPrefix + "parts-";
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Keeps a part. When it was the last one, all files put together; else null.</summary>
    public async Task<FolderReceiver?> AddAsync(FolderReceiver part, CheckpointHeader header, CancellationToken cancellationToken)
    {
        var job = Job(header.JobId);
        var folder = Path.Combine(job, string.Create(CultureInfo.InvariantCulture, $"{header.Step}-{header.Generation}-{header.Parts}"));
        await _gate.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(folder);
            var place = Place(folder, header.Part);
            // The same part again has the same content.
            if (Directory.Exists(place))
            {
                Directory.Delete(place, recursive: true);
            }
            part.MoveTo(place);
            var places = Enumerable.Range(0, header.Parts).Select(i => Place(folder, i)).ToArray();
            if (!places.All(Directory.Exists))
            {
                return null;
            }
            var whole = await JoinAsync(data.Uploads, places, cancellationToken);
            foreach (var old in Directory.EnumerateDirectories(job).Where(f => StepOf(f) <= header.Step))
            {
                Directory.Delete(old, recursive: true);
            }
            return whole;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes all parts of a job.</summary>
    public void Remove(string jobId)
    {
        if (Directory.Exists(Job(jobId)))
        {
            Directory.Delete(Job(jobId), recursive: true);
        }
    }

    public void Dispose() => _gate.Dispose();

    private string Job(string jobId) => Path.Combine(data.Uploads, Prefix + jobId);

    private static string Place(string folder, int part) => Path.Combine(folder, part.ToString(CultureInfo.InvariantCulture));

    private static long StepOf(string folder) =>
        long.TryParse(Path.GetFileName(folder).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : 0;

    private static async Task<FolderReceiver> JoinAsync(string parent, string[] places, CancellationToken cancellationToken)
    {
        var whole = new FolderReceiver(parent);
        try
        {
            foreach (var path in places.SelectMany(FolderSender.Paths).Distinct().Order(StringComparer.Ordinal))
            {
                var pieces = places.Select(place => Path.Combine(place, path)).Where(File.Exists).ToArray();
                var bytes = pieces.Sum(piece => new FileInfo(piece).Length);
                foreach (var piece in pieces)
                {
                    await AppendAsync(whole, path, bytes, piece, cancellationToken);
                }
            }
            await whole.CompleteAsync(cancellationToken);
            return whole;
        }
        catch
        {
            await whole.DisposeAsync();
            throw;
        }
    }

    private static async Task AppendAsync(FolderReceiver whole, string path, long bytes, string piece, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(piece);
        var buffer = new byte[FolderSender.ChunkBytes];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0; )
        {
            await whole.WriteAsync(
                new FileChunk
                {
                    Path = path,
                    FileBytes = bytes,
                    Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)),
                },
                cancellationToken
            );
        }
    }
}
