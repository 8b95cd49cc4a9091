using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Writes length-prefixed messages. A serializer that says its length beforehand writes straight into the target; any
/// other, and a compressed message, is gathered in a pooled buffer first, since the length stands before the message.
/// </summary>
internal sealed class FrameWriter : SerializationContext, IBufferWriter<byte>, IDisposable
{
    private readonly IBufferWriter<byte> _target;
    private readonly Encodings _encodings;
    private readonly string? _encoding;
    private readonly CompressionLevel? _level;
    private readonly int? _maxSize;
    private PooledBuffer? _gathered;
    private int? _declared;
    private int _written;
    private bool _direct;
    private bool _compress;
    private bool _complete;

    /// <param name="target">Where frames go.</param>
    /// <param name="encodings">What this side can write.</param>
    /// <param name="encoding">This side's <c>grpc-encoding</c>; null for identity.</param>
    /// <param name="level">The compressor's level; null for the provider's own.</param>
    /// <param name="maxSize">The largest message in bytes before compression; null for no limit.</param>
    public FrameWriter(IBufferWriter<byte> target, Encodings encodings, string? encoding, CompressionLevel? level, int? maxSize)
    {
        _target = target;
        _encodings = encodings;
        _encoding = Names.IsIdentity(encoding) ? null : encoding;
        _level = level;
        _maxSize = maxSize;
    }

    /// <summary>Serializes one message into the target.</summary>
    /// <exception cref="RpcException">ResourceExhausted: the message is larger than allowed.</exception>
    public void Write<T>(T message, Action<T, SerializationContext> serializer, WriteOptions? options)
    {
        _declared = null;
        _written = 0;
        _direct = false;
        _complete = false;
        _compress = _encoding is not null && Names.CanCompress(options);
        _gathered?.Clear();
        serializer(message, this);
        if (!_complete)
            throw new InvalidOperationException("The serializer did not complete its message.");
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        Check(payloadLength);
        _declared = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_declared is { } length && !_compress)
        {
            if (!_direct)
                WriteHeader(length, compressed: false);
            _direct = true;
            return this;
        }
        return _gathered ??= new PooledBuffer();
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        Check(payload.Length);
        Finish();
        WriteMessage(payload);
    }

    public override void Complete()
    {
        Finish();
        if (_direct)
        {
            if (_written != _declared)
                throw new InvalidOperationException($"The serializer wrote {_written} bytes after SetPayloadLength({_declared}).");
            return;
        }
        var message = _gathered?.Written ?? default;
        Check(message.Length);
        WriteMessage(message);
    }

    public void Advance(int count)
    {
        _written += count;
        _target.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _target.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _target.GetSpan(sizeHint);

    public void Dispose() => _gathered?.Dispose();

    private void Finish()
    {
        if (_complete)
            throw new InvalidOperationException("The serializer completed its message twice.");
        _complete = true;
    }

    private void WriteMessage(ReadOnlyMemory<byte> message)
    {
        if (!_compress)
        {
            WriteHeader(message.Length, compressed: false);
            _target.Write(message.Span);
            return;
        }
        using var compressed = new PooledBuffer();
        _encodings.Compress(_encoding!, _level, message, compressed);
        WriteHeader(compressed.Length, compressed: true);
        _target.Write(compressed.Written.Span);
    }

    private void WriteHeader(int length, bool compressed)
    {
        if (_target is PooledBuffer buffer)
            buffer.Reserve(checked(FrameReader.HeaderSize + length));
        var header = _target.GetSpan(FrameReader.HeaderSize);
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
        _target.Advance(FrameReader.HeaderSize);
    }

    private void Check(int length)
    {
        if (length > _maxSize)
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted,
                $"Sending message exceeds the maximum configured message size: {length} bytes, the limit (MaxSendMessageSize) is {_maxSize}."));
        }
    }
}
