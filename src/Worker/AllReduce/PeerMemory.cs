using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>A peer's gradient buffers, mapped for reading.</summary>
internal sealed class PeerMemory : IDisposable
{
    private readonly SharedHeader _header;
    private readonly List<(SharedBuffer Offered, MappedMemory Values)> _buffers = [];

    private PeerMemory(SharedHeader header) => _header = header;

    /// <summary>The number of the present use of the buffers. Ask after they have been read.</summary>
    public long Use => _header.Use;

    /// <summary>Maps what a peer offers.</summary>
    /// <exception cref="IOException">It cannot be mapped, or is not what was offered.</exception>
    public static PeerMemory Map(SharedMemoryOffer offer)
    {
        using var file = MemoryFile.Open(offer.Pid, offer.HeaderFd, SharedHeader.Bytes);
        var header = new SharedHeader(file.Map());
        if (!header.Nonce.ToByteArray().AsSpan().SequenceEqual(offer.Nonce.Span))
        {
            header.Dispose();
            throw new IOException($"process {offer.Pid} here is another one: its memory does not bear the nonce that was offered");
        }

        return new PeerMemory(header);
    }

    /// <summary>Maps the buffers of an offer that are not mapped yet; those that are mapped stay as they are.</summary>
    /// <param name="offer">Of the peer whose memory this is.</param>
    /// <param name="floats">What each buffer must hold.</param>
    /// <exception cref="IOException">One of them cannot be mapped.</exception>
    public void Extend(SharedMemoryOffer offer, int floats)
    {
        if (
            _buffers.Count > offer.Buffers.Count
            || !_buffers.Select(buffer => buffer.Offered).SequenceEqual(offer.Buffers.Take(_buffers.Count))
        )
        {
            throw new IOException($"process {offer.Pid} offers other buffers than before");
        }
        foreach (var offered in offer.Buffers.Skip(_buffers.Count))
        {
            if (offered.Bytes != (long)floats * sizeof(float))
            {
                throw new IOException($"a buffer of {offered.Bytes} bytes is offered for a gradient of {floats} floats");
            }
            using var file = MemoryFile.Open(offer.Pid, offered.Fd, offered.Bytes);
            _buffers.Add((offered, file.Map()));
        }
    }

    /// <summary>One of the buffers, counted from 1; null: there is none with that number.</summary>
    public MappedMemory? Buffer(int number) => number >= 1 && number <= _buffers.Count ? _buffers[number - 1].Values : null;

    public void Dispose()
    {
        foreach (var (_, values) in _buffers)
        {
            values.Dispose();
        }
        _header.Dispose();
    }
}
