using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// The way to one address: a queue and the connection that empties it in order. After a failure the way is closed
/// for <c>akka.remote.retry-gate-closed-for</c>, during which messages are dead letters; then the next message opens it.
/// </summary>
internal sealed class Association
{
    /// <summary>Messages that may wait; a peer that takes none must not fill the memory.</summary>
    private const int QueueLimit = 20_000;

    /// <summary>Bytes gathered into one write.</summary>
    private const int BatchBytes = 64 * 1024;

    private readonly RemoteTransport _transport;
    private readonly Channel<Outgoing> _queue = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });
    private readonly Lock _gate = new();
    private volatile bool _closed;
    private int _deadUid;
    private int _failures;

    internal Association(RemoteTransport transport, Address address)
    {
        _transport = transport;
        Address = address;
        Running = Task.Run(Run);
    }

    internal readonly record struct Outgoing(ReadOnlyMemory<byte> Frame, object Message, IActorRef Sender, InternalActorRef Recipient);

    internal Address Address { get; }
    internal Task Running { get; }

    /// <summary>The incarnation last met there, zero before the first meeting.</summary>
    internal int RemoteUid { get; private set; }

    /// <summary>The incarnation last met was declared dead.</summary>
    internal bool IsDead => RemoteUid != 0 && RemoteUid == _deadUid;

    /// <summary>Messages wait for a connection that stands or is being made.</summary>
    internal bool HasWaiting => !_closed && !IsDead && _queue.Reader.TryPeek(out _);

    internal bool IsQuarantined(int uid) => uid == _deadUid;

    /// <summary>Nothing more goes to this incarnation or comes from it.</summary>
    internal void Quarantine(int uid)
    {
        lock (_gate) _deadUid = uid;
    }

    internal void Enqueue(Outgoing outgoing)
    {
        if (_closed || IsDead || !_queue.Writer.TryWrite(outgoing)) Drop(outgoing);
    }

    internal void SendWatch(InternalActorRef watchee, InternalActorRef watcher) => SendPair(FrameKind.Watch, watchee, watcher);

    internal void SendUnwatch(InternalActorRef watchee, InternalActorRef watcher) => SendPair(FrameKind.Unwatch, watchee, watcher);

    private void SendPair(FrameKind kind, InternalActorRef watchee, InternalActorRef watcher)
    {
        var w = new WireWriter();
        w.Byte((byte)kind);
        w.String(watchee.Path.ToSerializationFormat(_transport.LocalAddress));
        w.String(watcher.Path.ToSerializationFormat(_transport.LocalAddress));
        Enqueue(new Outgoing(w.Written, null, null, watchee));
    }

    /// <summary>Notes which incarnation lives at the address; true if it is a new one.</summary>
    internal bool Met(int uid)
    {
        lock (_gate)
        {
            if (RemoteUid == uid) return false;
            RemoteUid = uid;
            return true;
        }
    }

    private async Task Run()
    {
        var stop = _transport.Stopping;
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stop).ConfigureAwait(false))
            {
                try
                {
                    using var connection = await Connect(stop).ConfigureAwait(false);
                    if (connection is not null) await CarryAndTell(connection, stop).ConfigureAwait(false);
                }
                catch (Exception e) when (e is SocketException or IOException or TimeoutException or InvalidDataException || (e is OperationCanceledException && !stop.IsCancellationRequested))
                {
                    LogFailure(e);
                }
                // What waited for the connection that failed is lost, as is what comes while the gate is closed.
                _closed = true;
                DropQueue();
                await Task.Delay(TimeSpan.FromMilliseconds(_transport.GateMilliseconds), _transport.System.Time, stop).ConfigureAwait(false);
                _closed = false;
            }
        }
        catch (OperationCanceledException)
        {
            _closed = true;
            DropQueue();
        }
    }

    /// <summary>Warns of the first failure after a connection; a peer that stays away is no news.</summary>
    private void LogFailure(Exception e)
    {
        if (_transport.System.Terminating) return;
        var text = $"Association with remote system {Address} has failed; address is now gated for [{_transport.GateMilliseconds}] ms. Reason: [{e.Message}]";
        _transport.Log.Log(_failures++ == 0 ? LogLevel.WarningLevel : LogLevel.DebugLevel, e as InvalidDataException, text);
    }

    private async Task<FrameStream> Connect(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_transport.ConnectionTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(Address.Host, Address.Port.GetValueOrDefault(), limit.Token).ConfigureAwait(false);
            var connection = new FrameStream(socket, _transport.MaximumFrame);
            connection.Add(Handshake.Hello(_transport.LocalAddress, _transport.System.Uid, Address).Written.Span);
            await connection.Flush(limit.Token).ConfigureAwait(false);
            var answer = await connection.Read(limit.Token).ConfigureAwait(false) ?? throw new IOException("The remote system closed the connection.");
            var (greeting, uid) = Handshake.ReadAnswer(new WireReader(answer));
            switch (greeting)
            {
                case Greeting.Quarantined:
                    connection.Dispose();
                    _transport.QuarantinedBy(Address);
                    return null;
                case Greeting.WrongAddress:
                    connection.Dispose();
                    throw new IOException($"The system there is not {Address}.");
            }
            if (IsQuarantined(uid))
            {
                connection.Dispose();
                return null;
            }
            Met(uid);
            _transport.Watches.Connected(this, uid);
            _failures = 0;
            return connection;
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task CarryAndTell(FrameStream connection, CancellationToken stop)
    {
        try
        {
            await Carry(connection, stop).ConfigureAwait(false);
        }
        finally
        {
            if (!stop.IsCancellationRequested) _transport.System.EventStream.Publish(new DisassociatedEvent(_transport.LocalAddress, Address, inbound: false));
        }
    }

    /// <summary>Empties the queue into the connection until it breaks.</summary>
    private async Task Carry(FrameStream connection, CancellationToken stop)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var end = WatchForEnd(connection, broken);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(broken.Token).ConfigureAwait(false))
            {
                while (connection.Pending < BatchBytes && _queue.Reader.TryRead(out var outgoing))
                {
                    if (IsDead) Drop(outgoing);
                    else connection.Add(outgoing.Frame.Span);
                }
                await connection.Flush(broken.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException("The remote system closed the connection.");
        }
        finally
        {
            await broken.CancelAsync().ConfigureAwait(false);
            await end.ConfigureAwait(false);
        }
    }

    /// <summary>Nothing comes this way but the end of the connection.</summary>
    private static async Task WatchForEnd(FrameStream connection, CancellationTokenSource broken)
    {
        try
        {
            await connection.Read(broken.Token).ConfigureAwait(false);
            await broken.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The writing side ended first.
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException)
        {
            await broken.CancelAsync().ConfigureAwait(false);
        }
    }

    private void DropQueue()
    {
        while (_queue.Reader.TryRead(out var outgoing)) Drop(outgoing);
    }

    private void Drop(Outgoing outgoing)
    {
        if (outgoing.Message is not null && !_transport.System.Terminating) _transport.System.PublishDeadLetter(outgoing.Message, outgoing.Sender, outgoing.Recipient);
    }
}
