using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// What goes over a data connection: the preface, TLS where the cluster has it, a <see cref="DataHello"/> and the answer to it; then
/// frames with gradients (collective.proto). Payloads go from the socket to where they are needed, without a copy between.
/// </summary>
internal static class DataWire
{
    /// <summary>Longest message before a payload, and longest hello.</summary>
    public const int LongestHeader = 1024;

    /// <summary>Bytes before a frame's header: its length, and the payload's.</summary>
    public const int LengthBytes = 2 * sizeof(uint);

    /// <summary>The answer to a hello that is accepted.</summary>
    public const byte Accepted = 1;

    private const int HelloLengthBytes = sizeof(uint);

    /// <summary>How a data connection begins. Neither HTTP/2 nor TLS begins with its first byte.</summary>
    public static ReadOnlySpan<byte> Preface => "CLUSTER-DATA/1\r\n"u8;

    /// <summary>A hello as it is sent.</summary>
    public static byte[] Write(DataHello hello)
    {
        var bytes = new byte[HelloLengthBytes + hello.CalculateSize()];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)(bytes.Length - HelloLengthBytes));
        hello.WriteTo(bytes.AsSpan(HelloLengthBytes));
        return bytes;
    }

    /// <summary>Reads the preface.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static async Task ReadPrefaceAsync(Stream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[Preface.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        if (!Preface.SequenceEqual(bytes))
        {
            throw Malformed("another preface");
        }
    }

    /// <summary>Reads the hello.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static async Task<DataHello> ReadHelloAsync(Stream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[LongestHeader];
        await stream.ReadExactlyAsync(bytes.AsMemory(0, HelloLengthBytes), cancellationToken);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length > LongestHeader)
        {
            throw Malformed($"a hello of {length} bytes");
        }
        await stream.ReadExactlyAsync(bytes.AsMemory(0, (int)length), cancellationToken);
        try
        {
            return DataHello.Parser.ParseFrom(bytes, 0, (int)length);
        }
        catch (InvalidProtocolBufferException)
        {
            throw Malformed("no hello");
        }
    }

    /// <summary>Writes what comes before a payload.</summary>
    /// <returns>Its length.</returns>
    public static int Write(CollectiveFrame frame, int payloadBytes, Span<byte> to)
    {
        var header = FrameCodec.WriteWithoutPayload(frame, to[LengthBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)header);
        BinaryPrimitives.WriteUInt32LittleEndian(to[sizeof(uint)..], (uint)payloadBytes);
        return LengthBytes + header;
    }

    /// <summary>Reads a frame with its payload.</summary>
    /// <param name="stream">Waits for it.</param>
    /// <param name="header">Room for <see cref="LongestHeader"/> bytes.</param>
    /// <returns>Null: the connection ended between two frames.</returns>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    /// <exception cref="IOException">The connection ended within it.</exception>
    public static CollectiveFrame? ReadFrame(Stream stream, byte[] header)
    {
        var lengths = header.AsSpan(0, LengthBytes);
        var read = stream.ReadAtLeast(lengths, LengthBytes, throwOnEndOfStream: false);
        if (read < LengthBytes)
        {
            return read == 0 ? null : throw new EndOfStreamException();
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(lengths);
        var payload = BinaryPrimitives.ReadUInt32LittleEndian(lengths[sizeof(uint)..]);
        if (length > LongestHeader)
        {
            throw Malformed($"a header of {length} bytes");
        }
        stream.ReadExactly(header, 0, (int)length);
        var frame = FrameCodec.ReadWithoutPayload(new ReadOnlySequence<byte>(header, 0, (int)length), payload);
        try
        {
            stream.ReadExactly(FrameCodec.Room(frame));
            FrameCodec.Filled(frame);
            return frame;
        }
        catch
        {
            frame.Received!.Dispose();
            throw;
        }
    }

    private static RpcException Malformed(string what) =>
        new(new Status(StatusCode.InvalidArgument, $"This is no data connection: it has {what}."));
}
