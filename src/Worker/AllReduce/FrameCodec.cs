using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Reads and writes <see cref="CollectiveFrame"/> as the protobuf message <see cref="Frame"/>, with one copy of the payload each way:
/// from the gradient buffer into the transport's buffer, and from there into a pooled array.
/// </summary>
internal static class FrameCodec
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    /// <summary>Longest job id and largest payload that are read; a frame beyond is refused before memory is taken for it.</summary>
    internal const int LargestJobId = 256;
    internal const int LargestPayload = 16 * 1024 * 1024;

    public static Marshaller<CollectiveFrame> Marshaller { get; } = Marshallers.Create<CollectiveFrame>(Write, Read);

    /// <summary>Writes a frame without gradients as one message.</summary>
    /// <returns>Its length; -1: it is longer than the room.</returns>
    public static int Write(CollectiveFrame frame, Span<byte> to)
    {
        var payload = frame.SharedBuffer != 0 ? [] : frame.Value;
        if (LargestHeader(frame) + payload.Length > to.Length)
        {
            return -1;
        }
        var length = WriteHeader(frame, payload.Length, to);
        payload.CopyTo(to[length..]);
        return length + payload.Length;
    }

    private static void Write(CollectiveFrame frame, SerializationContext context)
    {
        var payload =
            frame.SharedBuffer != 0 ? []
            : frame.Floats.IsEmpty ? frame.Value
            : MemoryMarshal.AsBytes(frame.Floats.Span);
        var bytes = payload.Length / sizeof(float) * frame.NumberBytes;
        Span<byte> header = stackalloc byte[LargestHeader(frame)];
        var length = WriteHeader(frame, frame.IsRounded ? bytes : payload.Length, header);
        context.SetPayloadLength(length + (frame.IsRounded ? bytes : payload.Length));
        var writer = context.GetBufferWriter();
        writer.Write(header[..length]);
        if (frame.IsRounded)
        {
            WriteRounded(frame.Floats.Span, writer);
        }
        else
        {
            writer.Write(payload);
        }
        context.Complete();
    }

    private static void WriteRounded(ReadOnlySpan<float> floats, IBufferWriter<byte> writer)
    {
        while (!floats.IsEmpty)
        {
            var to = MemoryMarshal.Cast<byte, ushort>(writer.GetSpan(sizeof(ushort)));
            var count = Math.Min(to.Length, floats.Length);
            GradientPrecision.Narrow(floats[..count], to);
            writer.Advance(count * sizeof(ushort));
            floats = floats[count..];
        }
    }

    /// <summary>Writes a frame with gradients as a message without its payload.</summary>
    /// <returns>Its length.</returns>
    public static int WriteWithoutPayload(CollectiveFrame frame, Span<byte> to) => WriteHeader(frame, 0, to);

    private static int LargestHeader(CollectiveFrame frame) => 128 + (3 * frame.JobId.Length);

    private static int WriteHeader(CollectiveFrame frame, int payloadLength, Span<byte> to)
    {
        var at = 0;
        if (frame.JobId.Length > 0)
        {
            var bytes = Encoding.UTF8.GetByteCount(frame.JobId);
            PutTag(to, ref at, Frame.JobIdFieldNumber, LengthDelimited);
            PutVarint(to, ref at, (ulong)bytes);
            at += Encoding.UTF8.GetBytes(frame.JobId, to[at..]);
        }

        Put(to, ref at, Frame.GenerationFieldNumber, frame.Generation);
        Put(to, ref at, Frame.SenderRankFieldNumber, frame.SenderRank);
        Put(to, ref at, Frame.StepFieldNumber, frame.Step);
        Put(to, ref at, Frame.KindFieldNumber, (int)frame.Kind);
        Put(to, ref at, Frame.BucketFieldNumber, frame.Bucket);
        Put(to, ref at, Frame.ChunkFieldNumber, frame.Chunk);
        Put(to, ref at, Frame.SubtreeLevelFieldNumber, frame.Node.Level);
        Put(to, ref at, Frame.SubtreeIndexFieldNumber, frame.Node.Index);
        Put(to, ref at, Frame.OffsetFieldNumber, frame.Offset);
        Put(to, ref at, Frame.SharedBufferFieldNumber, frame.SharedBuffer);
        Put(to, ref at, Frame.Bfloat16FieldNumber, frame.IsRounded ? 1 : 0);
        if (payloadLength > 0)
        {
            PutTag(to, ref at, Frame.PayloadFieldNumber, LengthDelimited);
            PutVarint(to, ref at, (ulong)payloadLength);
        }

        return at;
    }

    private static void Put(Span<byte> to, ref int at, int field, long value)
    {
        if (value == 0)
        {
            return;
        }
        PutTag(to, ref at, field, Varint);
        PutVarint(to, ref at, (ulong)value);
    }

    private static void PutTag(Span<byte> to, ref int at, int field, int type) => PutVarint(to, ref at, (ulong)((field << 3) | type));

    private static void PutVarint(Span<byte> to, ref int at, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            to[at++] = (byte)(value | 0x80);
        }
        to[at++] = (byte)value;
    }

    private static CollectiveFrame Read(DeserializationContext context) => Read(context.PayloadAsReadOnlySequence());

    /// <summary>Reads one message.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static CollectiveFrame Read(ReadOnlySequence<byte> message)
    {
        var frame = Parse(message, out var payload);
        frame.PayloadBytes = (int)payload.Length;
        TakePayload(frame, payload);
        return frame;
    }

    /// <summary>Reads a message whose payload follows it: gradients.</summary>
    /// <param name="message">The message.</param>
    /// <param name="payloadBytes">Length of the payload.</param>
    /// <returns>With room for the payload (<see cref="Room"/>).</returns>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none, or the payload cannot be.</exception>
    public static CollectiveFrame ReadWithoutPayload(ReadOnlySequence<byte> message, uint payloadBytes)
    {
        var frame = Parse(message, out var payload);
        if (frame.Kind is not (FrameKind.Reduce or FrameKind.Gather or FrameKind.Share) || frame.SharedBuffer != 0 || !payload.IsEmpty)
        {
            throw Malformed($"no gradients that follow it (kind {frame.Kind}, buffer {frame.SharedBuffer}, {payload.Length} bytes in it)");
        }
        TakeRoom(frame, payloadBytes);
        return frame;
    }

    /// <summary>Where the payload of a frame with gradients goes as it comes; then call <see cref="Filled"/>.</summary>
    public static Span<byte> Room(CollectiveFrame frame)
    {
        var to = frame.Received!.Floats.Span;
        // bfloat16 into the upper half of the room, which the numbers fill from below: none is written over before it is read.
        return frame.IsRounded ? MemoryMarshal.AsBytes(Packed(to)) : MemoryMarshal.AsBytes(to);
    }

    /// <summary>All of the payload is in its <see cref="Room"/>.</summary>
    public static void Filled(CollectiveFrame frame)
    {
        if (frame.IsRounded)
        {
            var to = frame.Received!.Floats.Span;
            GradientPrecision.Widen(Packed(to), to);
        }
    }

    private static Span<ushort> Packed(Span<float> numbers) => MemoryMarshal.Cast<float, ushort>(numbers)[numbers.Length..];

    private static CollectiveFrame Parse(ReadOnlySequence<byte> message, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        var reader = new SequenceReader<byte>(message);
        var frame = new CollectiveFrame();
        int level = 0,
            index = 0;
        while (!reader.End)
        {
            var tag = GetVarint(ref reader);
            switch ((tag >> 3, (int)(tag & 7)))
            {
                case (Frame.JobIdFieldNumber, LengthDelimited):
                    frame.JobId = Encoding.UTF8.GetString(GetBytes(ref reader, LargestJobId));
                    break;
                case (Frame.GenerationFieldNumber, Varint):
                    frame.Generation = (long)GetVarint(ref reader);
                    break;
                case (Frame.SenderRankFieldNumber, Varint):
                    frame.SenderRank = (int)GetVarint(ref reader);
                    break;
                case (Frame.StepFieldNumber, Varint):
                    frame.Step = (long)GetVarint(ref reader);
                    break;
                case (Frame.KindFieldNumber, Varint):
                    frame.Kind = (FrameKind)GetVarint(ref reader);
                    break;
                case (Frame.BucketFieldNumber, Varint):
                    frame.Bucket = (int)GetVarint(ref reader);
                    break;
                case (Frame.ChunkFieldNumber, Varint):
                    frame.Chunk = (int)GetVarint(ref reader);
                    break;
                case (Frame.SubtreeLevelFieldNumber, Varint):
                    level = (int)GetVarint(ref reader);
                    break;
                case (Frame.SubtreeIndexFieldNumber, Varint):
                    index = (int)GetVarint(ref reader);
                    break;
                case (Frame.OffsetFieldNumber, Varint):
                    frame.Offset = (long)GetVarint(ref reader);
                    break;
                case (Frame.SharedBufferFieldNumber, Varint):
                    frame.SharedBuffer = (int)GetVarint(ref reader);
                    break;
                case (Frame.Bfloat16FieldNumber, Varint):
                    frame.IsRounded = GetVarint(ref reader) != 0;
                    break;
                case (Frame.PayloadFieldNumber, LengthDelimited):
                    payload = GetBytes(ref reader, LargestPayload);
                    break;
                case (_, Varint):
                    GetVarint(ref reader);
                    break;
                case (_, Fixed64):
                    Skip(ref reader, 8);
                    break;
                case (_, Fixed32):
                    Skip(ref reader, 4);
                    break;
                case (_, LengthDelimited):
                    GetBytes(ref reader, LargestPayload);
                    break;
                default:
                    throw Malformed("a field of an unknown kind");
            }
        }

        frame.Node = new Subtree(level, index);
        return frame;
    }

    private static void TakePayload(CollectiveFrame frame, ReadOnlySequence<byte> payload)
    {
        var isGradient = frame.Kind is FrameKind.Reduce or FrameKind.Gather or FrameKind.Share;
        if (frame.SharedBuffer != 0 && (!isGradient || !payload.IsEmpty || frame.SharedBuffer < 0))
        {
            throw Malformed($"buffer {frame.SharedBuffer} and a payload of {payload.Length} bytes in a frame of kind {frame.Kind}");
        }
        if (frame.Kind == FrameKind.Copied && !payload.IsEmpty)
        {
            throw Malformed($"a payload of {payload.Length} bytes in a frame of kind {frame.Kind}");
        }
        if (frame.IsRounded && (frame.Kind is not (FrameKind.Reduce or FrameKind.Gather) || payload.IsEmpty))
        {
            throw Malformed($"bfloat16 numbers and a payload of {payload.Length} bytes in a frame of kind {frame.Kind}");
        }
        if (frame.SharedBuffer != 0)
        {
            return;
        }
        if (isGradient)
        {
            TakeRoom(frame, payload.Length);
            payload.CopyTo(Room(frame));
            Filled(frame);
        }
        else
        {
            frame.Value = payload.ToArray();
        }
    }

    private static void TakeRoom(CollectiveFrame frame, long bytes)
    {
        if (bytes is 0 or > LargestPayload || bytes % frame.NumberBytes != 0)
        {
            throw Malformed($"a gradient of {bytes} bytes");
        }
        if (frame.IsRounded && frame.Kind == FrameKind.Share)
        {
            throw Malformed($"bfloat16 numbers in a frame of kind {frame.Kind}");
        }
        frame.PayloadBytes = (int)bytes;
        frame.Received = FrameBuffer.Rent((int)(bytes / frame.NumberBytes));
    }

    private static ulong GetVarint(ref SequenceReader<byte> reader)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!reader.TryRead(out var b))
            {
                throw Malformed("a number that breaks off");
            }
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Malformed("a number of more than 64 bits");
    }

    private static ReadOnlySequence<byte> GetBytes(ref SequenceReader<byte> reader, int largest)
    {
        var length = GetVarint(ref reader);
        if (length > (ulong)largest || !reader.TryReadExact((int)length, out var bytes))
        {
            throw Malformed($"a field of {length} bytes");
        }
        return bytes;
    }

    private static void Skip(ref SequenceReader<byte> reader, int bytes)
    {
        if (reader.Remaining < bytes)
        {
            throw Malformed("a field that breaks off");
        }
        reader.Advance(bytes);
    }

    private static RpcException Malformed(string what) =>
        new(new Status(StatusCode.InvalidArgument, $"This is no frame of the collective exchange: it has {what}."));
}
