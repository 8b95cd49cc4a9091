using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Where peers on this machine put what they would send through gRPC without a payload: in a step that is all they send, once they
/// read each other's gradients in memory. A thread of its own takes it out, and so does the training thread while it waits. One
/// generation uses it, so that a peer of an older one that wakes up late writes where nobody reads.
/// </summary>
internal sealed class SharedInbox : IDisposable
{
    private readonly Lock _gate = new();
    private readonly object _serving = new();
    private readonly MemoryFile _file;
    private readonly InboxPage _page;
    private readonly MessageRing[] _first;
    private readonly MessageRing[] _others;
    private readonly object[] _taking;
    private readonly bool[] _broken;
    private readonly Action<int, ReadOnlyMemory<byte>> _receive;
    private readonly Action<int, string> _corrupt;
    private readonly Thread _reader;
    private volatile bool _ended;
    private bool _disposed;

    private SharedInbox(
        MemoryFile file,
        int workers,
        ReadOnlySpan<byte> nonce,
        Action<int, ReadOnlyMemory<byte>> receive,
        Action<int, string> corrupt
    )
    {
        (_file, _receive, _corrupt, _page) = (file, receive, corrupt, new InboxPage(file.Map()));
        nonce.CopyTo(_page.Nonce);
        _first = [.. Enumerable.Range(0, workers).Select(rank => _page.RingOf(rank, first: true))];
        _others = [.. Enumerable.Range(0, workers).Select(rank => _page.RingOf(rank, first: false))];
        _taking = [.. Enumerable.Range(0, workers).Select(_ => new object())];
        _broken = new bool[workers];
        _reader = new Thread(Read) { IsBackground = true, Name = "shared inbox" };
        _reader.Start();
    }

    /// <summary>What peers must know to write into it.</summary>
    public SharedBuffer Offer => new() { Fd = _file.Descriptor, Bytes = _file.Bytes };

    /// <summary>An empty one; null where the system has no such memory.</summary>
    /// <param name="workers">How many may write into it, by rank.</param>
    /// <param name="nonce">By which they know it.</param>
    /// <param name="receive">Gets each message with its sender's rank; one at a time of each rank.</param>
    /// <param name="corrupt">Told of the rank in whose ring there is something else, and of what.</param>
    public static SharedInbox? TryCreate(
        int workers,
        ReadOnlySpan<byte> nonce,
        Action<int, ReadOnlyMemory<byte>> receive,
        Action<int, string> corrupt
    )
    {
        if (!Futex.IsSupported)
        {
            return null;
        }
        try
        {
            return new SharedInbox(MemoryFile.Create(InboxPage.BytesFor(workers)), workers, nonce, receive, corrupt);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The calling thread, the training thread, takes messages out while it waits. Null: this object is disposed.</summary>
    public Serving? Serve()
    {
        Monitor.Enter(_serving);
        if (!_disposed)
        {
            return new Serving(this);
        }
        Monitor.Exit(_serving);
        return null;
    }

    /// <summary>Something that <see cref="Serving"/> may wait for has changed.</summary>
    public void Pulse()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _page.RingTrainer();
            }
        }
    }

    /// <summary>
    /// Returns when no message is being handled any more; those that are left are dropped. Nobody may be waiting for any by then.
    /// </summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        _page.Ring();
        _reader.Join();
        lock (_serving)
            lock (_gate)
            {
                _disposed = true;
                _page.Dispose();
            }
        _file.Dispose();
    }

    private void Read()
    {
        var message = new byte[MessageRing.LongestMessage];
        var last = 0;
        while (!_ended)
        {
            var rung = _page.Rung;
            if (!TakeOne(message, ref last))
            {
                _page.Sleep(rung);
            }
        }
    }

    private bool TakeOne(byte[] message, ref int last) => TakeOne(_first, message, ref last) || TakeOne(_others, message, ref last);

    // From the rank after the one that was served last, so that none waits for all of another's.
    private bool TakeOne(MessageRing[] rings, byte[] message, ref int last)
    {
        for (var i = 1; i <= rings.Length; i++)
        {
            var rank = (last + i) % rings.Length;
            // What another thread takes now it goes on taking: nothing is left lying.
            if (!Monitor.TryEnter(_taking[rank]))
            {
                continue;
            }
            try
            {
                if (!_broken[rank] && TakeFrom(rings[rank], rank, message))
                {
                    last = rank;
                    return true;
                }
            }
            finally
            {
                Monitor.Exit(_taking[rank]);
            }
        }
        return false;
    }

    private bool TakeFrom(MessageRing ring, int rank, byte[] message)
    {
        try
        {
            var length = ring.TryRead(message);
            if (length > 0)
            {
                _receive(rank, message.AsMemory(0, length));
            }
            return length > 0;
        }
        catch (InvalidDataException e)
        {
            _broken[rank] = true;
            _corrupt(rank, e.Message);
            return false;
        }
    }

    /// <summary>The time in which the training thread takes messages out.</summary>
    public sealed class Serving : IDisposable
    {
        private readonly SharedInbox _inbox;
        private readonly byte[] _message = new byte[MessageRing.LongestMessage];
        private int _rung;
        private int _last;

        internal Serving(SharedInbox inbox)
        {
            _inbox = inbox;
            _inbox._page.TrainerComes();
        }

        /// <summary>Call it before looking whether what is waited for is here.</summary>
        public void Look() => _rung = _inbox._page.Rung;

        /// <summary>Takes a message out, if there is one.</summary>
        public bool TakeOne() => _inbox.TakeOne(_message, ref _last);

        /// <summary>Returns when something may have changed since <see cref="Look"/>, or the time is over.</summary>
        public void Sleep(TimeSpan limit) => _inbox._page.TrainerSleeps(_rung, limit);

        public void Dispose()
        {
            _inbox._page.TrainerGoes();
            Monitor.Exit(_inbox._serving);
        }
    }
}
