using System.Buffers;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>A received message where it lies in the transport's buffers.</summary>
internal sealed class Payload : DeserializationContext
{
    private ReadOnlySequence<byte> _bytes;

    public override int PayloadLength => (int)_bytes.Length;

    public override byte[] PayloadAsNewBuffer() => _bytes.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _bytes;

    /// <summary>Deserializes; afterwards the bytes are no longer to be had from here.</summary>
    public T Read<T>(in ReadOnlySequence<byte> bytes, Func<DeserializationContext, T> deserializer)
    {
        _bytes = bytes;
        try
        {
            return deserializer(this);
        }
        finally
        {
            _bytes = default;
        }
    }
}
