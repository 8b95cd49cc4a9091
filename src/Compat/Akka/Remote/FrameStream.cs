using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;

namespace Akka.Remote;

/// <summary>A connection that carries frames: four bytes of length, then as many bytes.</summary>
internal sealed class FrameStream(Socket socket, int maximumFrame) : IDisposable
{
    private readonly NetworkStream _network = new(socket, ownsSocket: true);
    private readonly ArrayBufferWriter<byte> _out = new(4096);
    private readonly BufferedStream _in = new(new NetworkStream(socket, ownsSocket: false), 16 * 1024);
    private readonly byte[] _length = new byte[4];

    /// <summary>The next frame, or null at the end of the stream.</summary>
    internal async Task<ReadOnlyMemory<byte>?> Read(CancellationToken cancellation)
    {
        var read = await _in.ReadAtLeastAsync(_length, 4, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (read < 4) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(_length);
        if (length < 0 || length > maximumFrame) throw new InvalidDataException($"A frame of {length} bytes came; the maximum is {maximumFrame}.");
        var frame = new byte[length];
        await _in.ReadExactlyAsync(frame, cancellation).ConfigureAwait(false);
        return frame;
    }

    /// <summary>Puts a frame into the next <see cref="Flush"/>.</summary>
    internal void Add(ReadOnlySpan<byte> frame)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_out.GetSpan(4), frame.Length);
        _out.Advance(4);
        _out.Write(frame);
    }

    internal int Pending => _out.WrittenCount;

    internal async Task Flush(CancellationToken cancellation)
    {
        await _network.WriteAsync(_out.WrittenMemory, cancellation).ConfigureAwait(false);
        _out.ResetWrittenCount();
    }

    public void Dispose()
    {
        _network.Dispose();
        _in.Dispose();
    }
}
