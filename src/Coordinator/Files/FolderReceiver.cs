using System.Globalization;
using System.Security.Cryptography;
using TrainingCluster.Artifacts;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Files;

/// <summary>
/// Takes a stream of <see cref="FileChunk"/> into a temporary folder, hashes it on the way, and moves it to its final name
/// when it is whole and durable. Whatever goes wrong before, the temporary folder is removed.
/// </summary>
public sealed class FolderReceiver : IAsyncDisposable
{
    /// <summary>Names of temporary folders begin so; what a crash left behind is removed at the next start.</summary>
    public const string TemporaryPrefix = ".upload-";

    private readonly List<StoredFile> files = [];
    private readonly Func<string, Stream> open;
    private IncrementalHash? hash;
    private Stream? file;
    private string path = "";
    private long expected;
    private long written;

    /// <summary>Receives into a new temporary folder inside <paramref name="parent"/>, on the same disk as the final place.</summary>
    /// <param name="parent">Made where it is missing.</param>
    /// <param name="open">Opens a file for writing; null: <see cref="FileStream"/>.</param>
    public FolderReceiver(string parent, Func<string, Stream>? open = null)
    {
        this.open = open ?? (p => new FileStream(p, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16));
        Folder = Path.Combine(parent, TemporaryPrefix + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));
        Directory.CreateDirectory(Folder);
    }

    /// <summary>The temporary folder.</summary>
    public string Folder { get; }

    /// <summary>Files received whole so far.</summary>
    public IReadOnlyList<StoredFile> Files => files;

    /// <summary>Removes what uploads that a crash ended have left in <paramref name="parent"/>.</summary>
    public static void RemoveLeftovers(string parent)
    {
        if (!Directory.Exists(parent)) return;
        foreach (var folder in Directory.EnumerateDirectories(parent, TemporaryPrefix + "*")) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes the next chunk.</summary>
    public async Task Write(FileChunk chunk, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        if (file is null || chunk.Path != path)
        {
            await Finish(cancel);
            Begin(chunk);
        }
        written += chunk.Data.Length;
        if (written > expected) throw RpcErrors.Invalid(("file.data", $"{path} has more than the {expected} bytes it was announced with"));
        hash!.AppendData(chunk.Data.Span);
        await file!.WriteAsync(chunk.Data.Memory, cancel);
    }

    /// <summary>Ends the last file. After this <see cref="Files"/> is complete.</summary>
    public async Task Complete(CancellationToken cancel)
    {
        await Finish(cancel);
        if (files.Count == 0) throw RpcErrors.Invalid(("file", "no file was sent; send at least one"));
    }

    /// <summary>Writes a small file of our own beside those received.</summary>
    public async Task Add(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        await using var stream = open(Path.Combine(Folder, name));
        await stream.WriteAsync(content, cancel);
        Flush(stream);
    }

    /// <summary>Moves the folder to its final name, which must not exist yet.</summary>
    public void MoveTo(string final) => Durable.Move(Folder, final);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        hash?.Dispose();
        if (file is not null)
        {
            // The buffered rest may not fit on a full disk either; the file is going to be removed anyway.
            try { await file.DisposeAsync(); }
            catch (IOException) { }
        }
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }

    private void Begin(FileChunk chunk)
    {
        if (!IsSafe(chunk.Path)) throw RpcErrors.Invalid(("file.path", $"'{chunk.Path}' is no relative path with '/' between plain names"));
        if (chunk.FileBytes < 0) throw RpcErrors.Invalid(("file.file_bytes", $"{chunk.FileBytes} is negative"));
        if (files.Any(f => f.Path == chunk.Path)) throw RpcErrors.Invalid(("file.path", $"'{chunk.Path}' was sent before; send each file once, in one piece"));
        var full = Path.Combine(Folder, chunk.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        (path, expected, written) = (chunk.Path, chunk.FileBytes, 0);
        hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file = open(full);
    }

    private async Task Finish(CancellationToken cancel)
    {
        if (file is null) return;
        if (written != expected)
            throw RpcErrors.Invalid(("file.data", $"{path} ended after {written} of {expected} bytes; send it again"));
        await file.FlushAsync(cancel);
        Flush(file);
        await file.DisposeAsync();
        file = null;
        files.Add(new(path, written, Convert.ToHexStringLower(hash!.GetHashAndReset())));
        hash.Dispose();
        hash = null;
    }

    private static void Flush(Stream stream)
    {
        if (stream is FileStream fileStream) fileStream.Flush(flushToDisk: true);
    }

    private static bool IsSafe(string path) =>
        path.Length is > 0 and <= 512 && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal)
        && path.Split('/').All(part => part.Length > 0 && part is not ("." or "..") && !part.StartsWith(TemporaryPrefix, StringComparison.Ordinal));
}
