using System.Globalization;
using Google.Protobuf;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>
/// Parts of checkpoints that several workers write together. They lie in a temporary folder until the last one has come; a checkpoint
/// of which a part never comes goes when a newer one is whole, or at the next start.
/// </summary>
internal sealed class CheckpointParts(DataFolder data) : IDisposable
{
    private const string Prefix = FolderReceiver.TemporaryPrefix + "parts-";
    private readonly SemaphoreSlim gate = new(1);

    /// <summary>Keeps a part. When it was the last one, all files put together; else null.</summary>
    public async Task<FolderReceiver?> Add(FolderReceiver part, CheckpointHeader header, CancellationToken cancel)
    {
        var parent = data.Checkpoints(header.JobId);
        var folder = Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{header.Step}-{header.Generation}-{header.Parts}"));
        await gate.WaitAsync(cancel);
        try
        {
            Directory.CreateDirectory(folder);
            var place = Place(folder, header.Part);
            // The same part again has the same content.
            if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
            part.MoveTo(place);
            var places = Enumerable.Range(0, header.Parts).Select(i => Place(folder, i)).ToArray();
            if (!places.All(Directory.Exists)) return null;
            var whole = await Join(parent, places, cancel);
            foreach (var old in Directory.EnumerateDirectories(parent, Prefix + "*").Where(f => StepOf(f) <= header.Step)) Directory.Delete(old, recursive: true);
            return whole;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private static string Place(string folder, int part) => Path.Combine(folder, part.ToString(CultureInfo.InvariantCulture));

    private static long StepOf(string folder) =>
        long.TryParse(Path.GetFileName(folder)[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : 0;

    private static async Task<FolderReceiver> Join(string parent, string[] places, CancellationToken cancel)
    {
        var whole = new FolderReceiver(parent);
        try
        {
            foreach (var path in places.SelectMany(FolderReader.Paths).Distinct().Order(StringComparer.Ordinal))
            {
                var pieces = places.Select(place => Path.Combine(place, path)).Where(File.Exists).ToArray();
                var bytes = pieces.Sum(piece => new FileInfo(piece).Length);
                foreach (var piece in pieces) await Append(whole, path, bytes, piece, cancel);
            }
            await whole.Complete(cancel);
            return whole;
        }
        catch
        {
            await whole.DisposeAsync();
            throw;
        }
    }

    private static async Task Append(FolderReceiver whole, string path, long bytes, string piece, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(piece);
        var buffer = new byte[FolderReader.PieceBytes];
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
            await whole.Write(new FileChunk { Path = path, FileBytes = bytes, Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }, cancel);
    }
}
