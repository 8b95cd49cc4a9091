using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a serializer writes one message. It ends with exactly one of the <c>Complete</c> methods.</summary>
public abstract class SerializationContext
{
    /// <summary>The whole message as an array, which the serializer no longer touches.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The transport's buffer; end with <see cref="Complete()"/>.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Says beforehand how many bytes will be written, so that they need not be gathered first.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>All bytes stand in the buffer writer.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}

/// <summary>Where a deserializer reads one message.</summary>
public abstract class DeserializationContext
{
    /// <summary>The message's size in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>A copy that the caller owns.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    /// <summary>The transport's own buffers: valid only until the deserializer returns.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotImplementedException();
}
