using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace TrainingCluster.Modeling.Data;

/// <summary>A file of tokenized sentences, mapped into memory. Thread-safe until disposed of.</summary>
internal sealed unsafe class TokenShard : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly int _bytesPerToken;
    private readonly long* _offsets;

    /// <summary>Maps <paramref name="path"/>.</summary>
    /// <exception cref="DatasetException">The file is no shard, or not whole.</exception>
    public TokenShard(string path)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Token shards are little-endian and are read in place.");
        }
        var length = new FileInfo(path).Length;
        if (length < TokenShardWriter.HeaderBytes)
        {
            throw Damaged(path);
        }
        _map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        try
        {
            var header = new ReadOnlySpan<byte>(_start, TokenShardWriter.HeaderBytes);
            _bytesPerToken = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
            var (count, tokens) = (
                BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(header[24..])
            );
            if (
                !header.StartsWith(TokenShardWriter.Magic)
                || _bytesPerToken is not (2 or 4)
                || count is < 0 or > int.MaxValue
                || tokens < 0
                || tokens > length
            )
            {
                throw Damaged(path);
            }
            var offsetsAt = (TokenShardWriter.HeaderBytes + tokens * _bytesPerToken + 7) / 8 * 8;
            if (length != offsetsAt + (count + 1) * sizeof(long))
            {
                throw Damaged(path);
            }
            _offsets = (long*)(_start + offsetsAt);
            (Count, Tokens) = ((int)count, tokens);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Count { get; }

    public long Tokens { get; }

    public int Length(int index)
    {
        CheckIndex(index);
        return (int)(_offsets[index + 1] - _offsets[index]);
    }

    /// <summary>Copies sentence <paramref name="index"/> to the front of <paramref name="destination"/>, widened to 64 bits.</summary>
    public void CopyTo(int index, Span<long> destination)
    {
        var length = Length(index);
        if (destination.Length < length)
        {
            throw new ArgumentException(
                $"Sentence {index} has {length} tokens but there is room for {destination.Length}.",
                nameof(destination)
            );
        }
        var first = _start + TokenShardWriter.HeaderBytes + _offsets[index] * _bytesPerToken;
        for (var i = 0; i < length; i++)
        {
            destination[i] = _bytesPerToken == 2 ? ((ushort*)first)[i] : ((int*)first)[i];
        }
    }

    public int[] Get(int index)
    {
        var length = Length(index);
        var tokens = new int[length];
        var first = _start + TokenShardWriter.HeaderBytes + _offsets[index] * _bytesPerToken;
        for (var i = 0; i < length; i++)
        {
            tokens[i] = _bytesPerToken == 2 ? ((ushort*)first)[i] : ((int*)first)[i];
        }
        return tokens;
    }

    public void Dispose()
    {
        if (_view.SafeMemoryMappedViewHandle.IsClosed)
        {
            return;
        }
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private void CheckIndex(int index)
    {
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        if ((uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {Count} sentences.");
        }
    }

    private static DatasetException Damaged(string path) =>
        new($"{path} is damaged: it is not a whole file of tokens. Prepare or fetch the dataset again.");
}
