using System.Buffers;
using Grpc.Core;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Reads and writes messages with a gRPC marshaller as the transport does.</summary>
internal static class WireBytes
{
    public static byte[] Write<T>(Marshaller<T> marshaller, T message)
    {
        var context = new Writing();
        marshaller.ContextualSerializer(message, context);
        return context.Buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads bytes that came in two pieces, as they do on the border of two of the transport's blocks.</summary>
    public static T Read<T>(Marshaller<T> marshaller, byte[] bytes) => marshaller.ContextualDeserializer(new Reading(bytes));

    private sealed class Writing : SerializationContext
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new();

        public override void SetPayloadLength(int payloadLength) { }

        public override IBufferWriter<byte> GetBufferWriter() => Buffer;

        public override void Complete() { }
    }

    private sealed class Reading(byte[] bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override byte[] PayloadAsNewBuffer() => [.. bytes];

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence()
        {
            var first = new Piece(bytes.AsMemory(0, bytes.Length / 2), 0);
            var last = new Piece(bytes.AsMemory(bytes.Length / 2), bytes.Length / 2);
            first.Append(last);
            return new(first, 0, last, last.Memory.Length);
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long at) => (Memory, RunningIndex) = (memory, at);

        public void Append(Piece next) => Next = next;
    }
}
