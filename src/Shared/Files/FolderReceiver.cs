using System.Globalization;
using System.Security.Cryptography;
using TrainingCluster.Checkpoints;
using TrainingCluster.V1;

namespace TrainingCluster.Files;

/// <summary>
/// Takes a stream of <see cref="FileChunk"/> into a temporary folder, hashes it on the way, and moves it to its final name
/// when it is whole and durable. Whatever goes wrong before, the temporary folder is removed.
/// </summary>
public sealed class FolderReceiver : IAsyncDisposable
{
    /// <summary>Names of temporary folders begin so; what a crash left behind is removed at the next start.</summary>
    public const string TemporaryPrefix = ".incoming-";

    // More are no folder of ours: each one's name is held in memory.
    private const int MaxFiles = 10_000;

    private readonly List<StoredFile> _files = [];
    private readonly Dictionary<string, Name> _names = new(StringComparer.Ordinal);
    private readonly Func<string, Stream> _open;
    private readonly long _mostBytes;
    private long _announced;
    private IncrementalHash? _hash;
    private Stream? _file;
    private string _path = "";
    private long _expected;
    private long _written;
    private string _sha256 = "";

    /// <summary>Receives into a new temporary folder inside <paramref name="parent"/>.</summary>
    /// <param name="parent">On the same disk as the final place. Made where it is missing.</param>
    /// <param name="open">Opens a file for writing; null: <see cref="FileStream"/>.</param>
    /// <param name="mostBytes">All files together may have so many.</param>
    public FolderReceiver(string parent, Func<string, Stream>? open = null, long mostBytes = long.MaxValue)
    {
        _mostBytes = mostBytes;
        _open = open ?? (p => new FileStream(p, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16));
        Folder = Path.Combine(parent, TemporaryPrefix + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));
        Directory.CreateDirectory(Folder);
    }

    /// <summary>The temporary folder.</summary>
    public string Folder { get; }

    /// <summary>Files received whole so far.</summary>
    public IReadOnlyList<StoredFile> Files => _files;

    /// <summary>Takes a whole stream: <see cref="WriteAsync"/> for each chunk, then <see cref="CompleteAsync"/>.</summary>
    /// <exception cref="FileTransferException">It is no folder of files.</exception>
    public async Task ReceiveAsync(IAsyncEnumerable<FileChunk> chunks, CancellationToken cancellationToken)
    {
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            await WriteAsync(chunk, cancellationToken);
        }
        await CompleteAsync(cancellationToken);
    }

    /// <summary>Removes what transfers that a crash ended have left in <paramref name="parent"/>.</summary>
    public static void RemoveLeftovers(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, TemporaryPrefix + "*"))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes the next chunk.</summary>
    /// <exception cref="FileTransferException">It does not fit those before it, or its path leads out of the folder.</exception>
    /// <exception cref="QuotaExceededException">The files have more bytes than they may.</exception>
    public async Task WriteAsync(FileChunk chunk, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        if (_file is null || chunk.Path != _path)
        {
            await FinishAsync(cancellationToken);
            Begin(chunk);
        }
        if (chunk.Sha256.Length > 0)
        {
            _sha256 = chunk.Sha256;
        }
        _written += chunk.Data.Length;
        if (_written > _expected)
        {
            throw new FileTransferException("file.data", $"{_path} has more than the {_expected} bytes it was announced with");
        }
        _hash!.AppendData(chunk.Data.Span);
        await _file!.WriteAsync(chunk.Data.Memory, cancellationToken);
    }

    /// <summary>Ends the last file. After this <see cref="Files"/> is complete.</summary>
    /// <exception cref="FileTransferException">It breaks off, or nothing came.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await FinishAsync(cancellationToken);
        if (_files.Count == 0)
        {
            throw new FileTransferException("file", "no file came; send at least one");
        }
    }

    /// <summary>Writes a small file of our own beside those received.</summary>
    public async Task AddAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await using var stream = _open(Path.Combine(Folder, name));
        await stream.WriteAsync(content, cancellationToken);
        Flush(stream);
    }

    /// <summary>Moves the folder to its final name, which must not exist yet.</summary>
    public void MoveTo(string final)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(final)!);
        Durable.Move(Folder, final);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _hash?.Dispose();
        if (_file is not null)
        {
            // The buffered rest may not fit on a full disk either; the file is going to be removed anyway.
            try
            {
                await _file.DisposeAsync();
            }
            catch (IOException) { }
        }
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private void Begin(FileChunk chunk)
    {
        if (!RelativePath.IsSafe(chunk.Path))
        {
            throw new FileTransferException("file.path", $"'{chunk.Path}' is no relative path with '/' between plain names");
        }
        if (chunk.FileBytes < 0)
        {
            throw new FileTransferException("file.file_bytes", $"{chunk.FileBytes} is negative");
        }
        if (TakeName(chunk.Path) is { } problem)
        {
            throw new FileTransferException("file.path", problem);
        }
        if (_files.Count >= MaxFiles)
        {
            throw new FileTransferException("file", $"more than {MaxFiles} files");
        }
        if (chunk.FileBytes > _mostBytes - _announced)
        {
            throw new QuotaExceededException(
                $"{chunk.Path} has {chunk.FileBytes} bytes, and the files before it {_announced}: more than the {Math.Max(0, _mostBytes)} "
                    + "that may be stored. Remove what is not needed any more, or ask the operator for more"
            );
        }
        _announced += chunk.FileBytes;
        var full = Path.Combine(Folder, chunk.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        (_path, _expected, _written, _sha256) = (chunk.Path, chunk.FileBytes, 0, "");
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _file = _open(full);
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            return;
        }
        if (_written != _expected)
        {
            throw new FileTransferException("file.data", $"{_path} ended after {_written} of {_expected} bytes; try again");
        }
        await _file.FlushAsync(cancellationToken);
        Flush(_file);
        await _file.DisposeAsync();
        _file = null;
        var sha256 = Convert.ToHexStringLower(_hash!.GetHashAndReset());
        _hash.Dispose();
        _hash = null;
        if (_sha256.Length > 0 && sha256 != _sha256)
        {
            throw new FileTransferException("file.sha256", $"{_path} arrived damaged: its SHA-256 is {sha256}; try again");
        }
        _files.Add(new(_path, _written, sha256));
    }

    private static void Flush(Stream stream)
    {
        if (stream is FileStream fileStream)
        {
            fileStream.Flush(flushToDisk: true);
        }
    }

    /// <summary>Notes a file's name and its folders' names. Null, or what is wrong: a name is either a file's or a folder's.</summary>
    private string? TakeName(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            if (_names.GetValueOrDefault(folder) == Name.File)
            {
                return $"'{folder}' is a file already";
            }
            _names[folder] = Name.Folder;
        }
        return _names.TryAdd(path, Name.File) ? null : $"'{path}' was sent before, or is a folder; send each file once, in one piece";
    }

    private enum Name
    {
        None,
        File,
        Folder,
    }
}
