using System.Buffers.Binary;
using Google.Protobuf;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Strangers;

/// <summary>What strangers say. All of it must be refused; the same numbers drawn, the same bytes.</summary>
public static class Garbage
{
    private const int Claimed = int.MaxValue - 1024;
    private static readonly byte[] s_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    /// <summary>To a port that speaks HTTP/2: bytes, and the right preface with one of several frames that cannot be.</summary>
    public static IReadOnlyList<byte[]> ForHttp2(DeterministicRandom random) =>
        [
            [.. Bytes(random, 64 + random.Next(2048)), .. "\r\n\r\n"u8],
            [.. s_preface, .. BadFrame(random)],
        ];

    /// <summary>To a port that speaks HTTP/1.1: bytes in place of a request.</summary>
    public static IReadOnlyList<byte[]> ForHttp1(DeterministicRandom random) =>
        [
            [.. Bytes(random, 64 + random.Next(2048)), .. "\r\n\r\n"u8],
            [.. "GET /metrics HTTP/1.1\r\nHost: x\r\nno header at all\0\r\n\r\n"u8],
        ];

    /// <summary>To a port of actors: a length of 2 GB, a message that is none, one that is cut off, and a request of HTTP.</summary>
    public static IReadOnlyList<byte[]> ForActors(DeterministicRandom random) =>
        [
            [.. Prefix(Claimed), .. Bytes(random, 64)],
            [.. Prefix(200), .. Bytes(random, 200)],
            [.. Prefix(1000), .. Bytes(random, 10)],
            [.. "GET / HTTP/1.1\r\n\r\n"u8],
        ];

    /// <summary>The body of a call that has no message in it: bytes that are no protobuf, a length of 2 GB, less than announced.</summary>
    public static byte[] Body(DeterministicRandom random)
    {
        // Field 1 of type 7, which there is not; field 1 with more bytes than there are.
        byte[] wrong = [0x0F, .. Bytes(random, random.Next(200))],
            cut = [0x0A, 0xFF, 0x7F, .. Bytes(random, random.Next(200))];
        return random.Next(5) switch
        {
            0 => Message(0, wrong.Length, wrong),
            1 => Message(0, cut.Length, cut),
            2 => Message(0, Claimed, Bytes(random, 64)),
            3 => Message(0, 1000, Bytes(random, 10)),
            _ => Message(7, wrong.Length, wrong),
        };
    }

    /// <summary>A first frame between workers, well formed, of a generation before the first.</summary>
    public static byte[] LateFrame(DeterministicRandom random, string job)
    {
        var frame = new Frame
        {
            JobId = job,
            Step = 1 + random.Next(100),
            Kind = FrameKind.Reduce,
            SenderRank = random.Next(3),
            Payload = ByteString.CopyFrom(Bytes(random, 4 * (1 + random.Next(500)))),
        };
        var bytes = frame.ToByteArray();
        return Message(0, bytes.Length, bytes);
    }

    /// <summary>A frame whose length, type and place contradict one another, as in RFC 9113.</summary>
    private static byte[] BadFrame(DeterministicRandom random) =>
        random.Next(5) switch
        {
            // DATA on stream 0; SETTINGS of 5 bytes; a window's increment of 0; headers that are no HPACK; 16 MB announced.
            0 => Http2Frame(0, 0, 0, Bytes(random, 32)),
            1 => Http2Frame(4, 0, 0, Bytes(random, 5)),
            2 => [.. Http2Frame(4, 0, 0, []), .. Http2Frame(8, 0, 0, new byte[4])],
            3 => [.. Http2Frame(4, 0, 0, []), .. Http2Frame(1, 5, 1, [0x80, .. Bytes(random, 32)])],
            _ => [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1, .. Bytes(random, 64)],
        };

    private static byte[] Http2Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    /// <summary>As gRPC has it: a byte of flags, four of length, the message.</summary>
    private static byte[] Message(byte flags, int length, byte[] message)
    {
        var bytes = new byte[5 + message.Length];
        bytes[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), length);
        message.CopyTo(bytes, 5);
        return bytes;
    }

    private static byte[] Prefix(int length)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        return bytes;
    }

    /// <summary>Begins with a byte that begins nothing.</summary>
    private static byte[] Bytes(DeterministicRandom random, int count)
    {
        var bytes = new byte[count];
        for (var i = 1; i < count; i++)
        {
            bytes[i] = (byte)random.Next(256);
        }
        return bytes;
    }
}
