using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>A peer's <see cref="SharedInbox"/>, mapped for writing.</summary>
internal sealed class PeerInbox : IDisposable
{
    private readonly Lock _gate = new();
    private readonly InboxPage _page;
    private readonly MessageRing _first;
    private readonly MessageRing _others;
    private bool _disposed;

    private PeerInbox(InboxPage page, int ownRank) =>
        (_page, _first, _others) = (page, page.RingOf(ownRank, first: true), page.RingOf(ownRank, first: false));

    /// <summary>Maps it.</summary>
    /// <param name="offer">Of the peer.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="ownRank">The rank that writes.</param>
    /// <returns>Null: the peer offers none.</returns>
    /// <exception cref="IOException">It cannot be mapped, or is not what was offered.</exception>
    public static PeerInbox? Open(SharedMemoryOffer offer, int workers, int ownRank)
    {
        if (offer.Inbox is not { } inbox)
        {
            return null;
        }
        using var file = MemoryFile.Open(offer.Pid, inbox.Fd, InboxPage.BytesFor(workers), writable: true);
        var page = new InboxPage(file.Map());
        if (page.Nonce.SequenceEqual(offer.Nonce.Span))
        {
            return new PeerInbox(page, ownRank);
        }
        page.Dispose();
        throw new IOException($"the inbox of process {offer.Pid} does not bear the nonce that was offered");
    }

    /// <summary>Puts a message into it. Never waits.</summary>
    /// <param name="message">The message.</param>
    /// <param name="first">Whether it is to be taken before others that are there.</param>
    /// <returns>False: there is no room at present.</returns>
    public bool TryPut(ReadOnlySpan<byte> message, bool first)
    {
        lock (_gate)
        {
            if (_disposed || !(first ? _first : _others).TryWrite(message))
            {
                return false;
            }
            _page.Ring();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _page.Dispose();
        }
    }
}
