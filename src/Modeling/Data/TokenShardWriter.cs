using System.Buffers.Binary;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// Writes the tokens of many sentences to one file: header, tokens, then the offset of each sentence and of the end.
/// All numbers are little-endian. Header (32 bytes): "TCTOKEN1", bytes a token (uint32: 2 or 4), zero (uint32),
/// sentences (uint64), tokens (uint64).
/// </summary>
internal sealed class TokenShardWriter : IDisposable
{
    public const int HeaderBytes = 32;

    private readonly FileStream _file;
    private readonly List<long> _offsets = [0];
    private readonly int _bytesPerToken;
    private byte[] _buffer = new byte[1024];

    public TokenShardWriter(string path, int vocabularySize)
    {
        _bytesPerToken = vocabularySize <= 1 << 16 ? 2 : 4;
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _file.Write(new byte[HeaderBytes]);
    }

    public static ReadOnlySpan<byte> Magic => "TCTOKEN1"u8;

    public long Tokens => _offsets[^1];

    public void Add(ReadOnlySpan<int> tokens)
    {
        if (_buffer.Length < tokens.Length * _bytesPerToken)
        {
            _buffer = new byte[tokens.Length * _bytesPerToken * 2];
        }
        for (var i = 0; i < tokens.Length; i++)
        {
            if (_bytesPerToken == 2)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(i * 2), (ushort)tokens[i]);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(i * 4), tokens[i]);
            }
        }
        _file.Write(_buffer, 0, tokens.Length * _bytesPerToken);
        _offsets.Add(Tokens + tokens.Length);
    }

    /// <summary>Writes offsets and header; without this the file is no shard.</summary>
    public void Finish()
    {
        Span<byte> number = stackalloc byte[8];
        // Offsets are read as 64-bit numbers in place: they begin at a multiple of 8.
        while (_file.Position % 8 != 0)
        {
            _file.WriteByte(0);
        }
        foreach (var offset in _offsets)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, offset);
            _file.Write(number);
        }
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], _bytesPerToken);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], _offsets.Count - 1);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], Tokens);
        _file.Position = 0;
        _file.Write(header);
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file.Dispose();
}
