using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>
/// Reads length-prefixed messages: a byte (1: compressed), four bytes of length (big-endian), the message. A message is
/// deserialized where it lies in the pipe's segments; nothing is copied unless it is compressed.
/// </summary>
/// <param name="pipe">The body.</param>
/// <param name="encodings">What this side understands.</param>
/// <param name="encoding">The peer's <c>grpc-encoding</c>.</param>
/// <param name="maxSize">The largest message in bytes, before and after decompression; null for no limit.</param>
internal sealed class FrameReader(PipeReader pipe, Encodings encodings, string? encoding, int? maxSize)
{
    public const int HeaderSize = 5;

    private readonly Payload _payload = new();

    public static RpcException TooLarge(long size, int limit) => new(new Status(
        StatusCode.ResourceExhausted,
        $"Received message exceeds the maximum configured message size: {size} bytes, the limit (MaxReceiveMessageSize) is {limit}."));

    /// <summary>The next message; null at the end of the body.</summary>
    /// <exception cref="RpcException">The body breaks off within a message, or the message is not acceptable.</exception>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        var needed = HeaderSize;
        while (true)
        {
            var result = await pipe.ReadAtLeastAsync(needed, cancellationToken);
            var buffer = result.Buffer;
            if (result.IsCanceled)
                throw new OperationCanceledException("The read was cancelled.");
            if (buffer.Length < needed)
            {
                var empty = buffer.IsEmpty;
                pipe.AdvanceTo(buffer.End);
                return empty ? null : throw new RpcException(new Status(StatusCode.Internal, "Incomplete message."));
            }
            var (length, compressed) = Header(buffer);
            needed = HeaderSize + length;
            if (buffer.Length >= needed)
                return Consume(buffer, length, compressed, deserializer);
            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>The body's only message; after it the body must end.</summary>
    public async ValueTask<T?> ReadSingleAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        var message = await ReadAsync(deserializer, cancellationToken);
        if (message is null)
            return null;
        var rest = await pipe.ReadAtLeastAsync(1, cancellationToken);
        var ended = rest.Buffer.IsEmpty;
        pipe.AdvanceTo(rest.Buffer.End);
        return ended ? message : throw new RpcException(new Status(StatusCode.Internal, "Additional data after the message received."));
    }

    private (int Length, bool Compressed) Header(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        buffer.Slice(0, HeaderSize).CopyTo(header);
        if (header[0] > 1)
            throw new RpcException(new Status(StatusCode.Internal, $"Unexpected compressed flag {header[0]} in a message header."));
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > maxSize)
            throw TooLarge(length, maxSize.Value);
        if (length > int.MaxValue - HeaderSize)
            throw TooLarge(length, int.MaxValue - HeaderSize);
        return ((int)length, header[0] == 1);
    }

    private T Consume<T>(in ReadOnlySequence<byte> buffer, int length, bool compressed, Func<DeserializationContext, T> deserializer)
    {
        var message = buffer.Slice(HeaderSize, length);
        try
        {
            if (!compressed)
                return _payload.Read(message, deserializer);
            using var output = new PooledBuffer();
            encodings.Decompress(encoding, message, maxSize, output);
            return _payload.Read(new ReadOnlySequence<byte>(output.Written), deserializer);
        }
        finally
        {
            pipe.AdvanceTo(message.End);
        }
    }
}
