using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;

namespace TrainingCluster.Modeling.Data;

/// <summary>A file of tokenized sentences, mapped into memory. Thread-safe until disposed of.</summary>
internal sealed unsafe class TokenShard : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly int _bytesPerToken;
    private readonly long* _offsets;

    private const int TokensAtOnce = 1 << 20;

    /// <summary>Maps <paramref name="path"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabularySize">Every token is held against it. Null: they are known to be good.</param>
    /// <exception cref="DatasetException">The file is no shard, not whole, or has places or tokens that cannot be.</exception>
    public TokenShard(string path, int? vocabularySize = null)
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
            // A sentence is read in place by what these say: none may lie outside of the file.
            if (!OffsetsHold() || !TokensAreBelow(vocabularySize))
            {
                throw Damaged(path);
            }
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

    private bool OffsetsHold()
    {
        for (var i = 0; i < Count; i++)
        {
            if (_offsets[i + 1] < _offsets[i] || _offsets[i + 1] - _offsets[i] > int.MaxValue)
            {
                return false;
            }
        }
        return _offsets[0] == 0 && _offsets[Count] == Tokens;
    }

    private bool TokensAreBelow(int? vocabularySize)
    {
        for (var done = 0L; vocabularySize is { } limit && done < Tokens; done += TokensAtOnce)
        {
            var first = _start + TokenShardWriter.HeaderBytes + (done * _bytesPerToken);
            var count = (int)Math.Min(TokensAtOnce, Tokens - done);
            var greatest =
                _bytesPerToken == 2
                    ? TensorPrimitives.Max(new ReadOnlySpan<ushort>(first, count))
                    : TensorPrimitives.Max(new ReadOnlySpan<uint>(first, count));
            if (greatest >= limit)
            {
                return false;
            }
        }
        return true;
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
