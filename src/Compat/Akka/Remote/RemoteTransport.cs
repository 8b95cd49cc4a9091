using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Remote;

/// <summary>The network could not be used as configured.</summary>
public class RemoteTransportException : AkkaException
{
    public RemoteTransportException(string message, Exception cause = null) : base(message, cause) { }
}

/// <summary>The network side of a system: it listens at one address and keeps an <see cref="Association"/> to each other one. Both directions of a pair have a connection of their own.</summary>
internal sealed class RemoteTransport : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Address, Association> _associations = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener;
    private readonly Task _accepting;

    private RemoteTransport(ActorSystemImpl system, Socket listener, Address address)
    {
        var config = system.Settings.Config;
        System = system;
        LocalAddress = address;
        _listener = listener;
        Stopping = _stop.Token;
        Watches = new RemoteWatches(this);
        Log = Logging.GetLogger(system, "remoting");
        MaximumFrame = (int)(config.GetByteSize("akka.remote.dot-netty.tcp.maximum-frame-size") ?? 128_000);
        ConnectionTimeout = config.GetTimeSpan("akka.remote.dot-netty.tcp.connection-timeout");
        GateMilliseconds = (int)config.GetTimeSpan("akka.remote.retry-gate-closed-for").TotalMilliseconds;
        _accepting = Task.Run(Accept);
    }

    internal ActorSystemImpl System { get; }
    internal Address LocalAddress { get; }
    internal RemoteWatches Watches { get; }
    internal ILoggingAdapter Log { get; }
    internal int MaximumFrame { get; }
    internal TimeSpan ConnectionTimeout { get; }
    internal int GateMilliseconds { get; }
    internal CancellationToken Stopping { get; }

    /// <summary>Binds the address of the configuration; port 0 takes a free one.</summary>
    internal static RemoteTransport Start(ActorSystemImpl system)
    {
        var tcp = system.Settings.Config.GetConfig("akka.remote.dot-netty.tcp");
        var host = tcp.GetString("hostname");
        var port = tcp.GetInt("port");
        var publicHost = tcp.GetString("public-hostname");
        var publicPort = tcp.GetInt("public-port");
        try
        {
            var ip = Resolve(host);
            var listener = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(ip, port));
            listener.Listen(512);
            var bound = ((IPEndPoint)listener.LocalEndPoint).Port;
            var name = !string.IsNullOrEmpty(publicHost) ? publicHost : string.IsNullOrEmpty(host) || IPAddress.Any.Equals(ip) || IPAddress.IPv6Any.Equals(ip) ? Dns.GetHostName() : host;
            var transport = new RemoteTransport(system, listener, new Address("akka.tcp", system.Name, name, publicPort > 0 ? publicPort : bound));
            transport.Log.Info($"Remoting started; listening on addresses : [{transport.LocalAddress}]");
            return transport;
        }
        catch (SocketException e)
        {
            throw new RemoteTransportException($"Failed to bind [{host}:{port}] (akka.remote.dot-netty.tcp): {e.Message}", e);
        }
    }

    private static IPAddress Resolve(string host)
    {
        if (string.IsNullOrEmpty(host)) return IPAddress.Any;
        if (IPAddress.TryParse(host, out var ip)) return ip;
        var all = Dns.GetHostAddresses(host);
        return all.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? all[0];
    }

    internal Association To(Address address) => _associations.GetOrAdd(address, a => new Association(this, a));

    internal InternalActorRef RefTo(ActorPath path) => System.Refs.IsOwn(path.Address) ? System.Refs.Resolve(path) : new RemoteActorRef(this, path);

    internal void Send(RemoteActorRef recipient, object message, IActorRef sender)
    {
        var w = new WireWriter();
        try
        {
            w.Byte((byte)FrameKind.Message);
            w.String(recipient.Path.ToSerializationFormat(LocalAddress));
            w.String(MessageCodec.PathOf(sender, LocalAddress));
            MessageCodec.Write(w, message, LocalAddress);
        }
        catch (NotSupportedException e)
        {
            Log.Error(e, $"Message of type [{message.GetType()}] to {recipient} was not sent: {e.Message}");
            return;
        }
        if (w.Length > MaximumFrame)
        {
            var type = (message as SelectionMessage)?.Message.GetType() ?? message.GetType();
            Log.Error($"Discarding oversized payload sent to {recipient}: max allowed size {MaximumFrame} bytes, actual size of encoded [{type}] was {w.Length} bytes.");
            return;
        }
        To(recipient.Path.Address).Enqueue(new Association.Outgoing(w.Written, message, sender, recipient));
    }

    internal void SendDeathNotice(RemoteActorRef watcher, DeathWatchNotification notification)
    {
        var w = new WireWriter();
        w.Byte((byte)FrameKind.DeathNotice);
        w.String(notification.Actor.Path.ToSerializationFormat(LocalAddress));
        w.String(watcher.Path.ToSerializationFormat(LocalAddress));
        w.Bool(notification.ExistenceConfirmed);
        To(watcher.Path.Address).Enqueue(new Association.Outgoing(w.Written, null, null, watcher));
    }

    /// <summary>Declares an incarnation dead if asked to, and tells whoever watches actors there.</summary>
    internal void AddressTerminated(Address address, int uid, bool quarantine)
    {
        if (quarantine) To(address).Quarantine(uid);
        Watches.AddressTerminated(address, uid);
    }

    internal void QuarantinedBy(Address address)
    {
        Log.Warning($"The remote system {address} has quarantined this system. No further associations to it are possible until this system is restarted.");
        System.EventStream.Publish(new ThisActorSystemQuarantinedEvent(LocalAddress, address));
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(Stopping).ConfigureAwait(false);
                _ = Task.Run(() => Serve(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            if (!Stopping.IsCancellationRequested) Log.Error(e, $"Listening on {LocalAddress} ended: {e.Message}");
        }
    }

    /// <summary>One connection from another system: its greeting, then its frames. Whatever a stranger sends ends the connection and nothing else.</summary>
    private async Task Serve(Socket socket)
    {
        Address from = null;
        try
        {
            socket.NoDelay = true;
            using var connection = new FrameStream(socket, MaximumFrame);
            if (await ReadHello(connection).ConfigureAwait(false) is not { } hello) return;
            (from, var uid, var to) = Handshake.ReadHello(new WireReader(hello));
            var association = to == LocalAddress ? To(from) : null;
            var greeting = association is null ? Greeting.WrongAddress : association.IsQuarantined(uid) ? Greeting.Quarantined : Greeting.Welcome;
            connection.Add(Handshake.Answer(greeting, System.Uid).Written.Span);
            await connection.Flush(Stopping).ConfigureAwait(false);
            if (greeting != Greeting.Welcome) return;
            if (association.Met(uid)) Watches.Connected(association, uid);
            while (await connection.Read(Stopping).ConfigureAwait(false) is { } frame)
            {
                if (association.IsQuarantined(uid)) return;
                Receive(frame, from);
            }
        }
        catch (OperationCanceledException)
        {
            // The system ends.
        }
        catch (Exception e)
        {
            socket.Dispose();
            Log.Debug($"A connection to {LocalAddress} ended: {e.Message}");
            System.EventStream.Publish(new AssociationErrorEvent(e, LocalAddress, from, inbound: true));
        }
    }

    /// <summary>Who calls must say so in the time that it gives the connection itself: a silent one would be held for ever.</summary>
    private async Task<ReadOnlyMemory<byte>?> ReadHello(FrameStream connection)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stopping);
        limit.CancelAfter(ConnectionTimeout);
        try
        {
            return await connection.Read(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!Stopping.IsCancellationRequested)
        {
            throw new TimeoutException($"The caller did not say who it is within {ConnectionTimeout.TotalSeconds} s.");
        }
    }

    private void Receive(ReadOnlyMemory<byte> frame, Address from)
    {
        try
        {
            var r = new WireReader(frame);
            var kind = (FrameKind)r.Byte();
            var first = RefOrNull(r.String());
            var second = RefOrNull(r.String());
            switch (kind)
            {
                case FrameKind.Message: first?.Tell(MessageCodec.Read(r, RefOrNull), second); break;
                case FrameKind.Watch: first.SendSystemMessage(new Watch(first, second)); break;
                case FrameKind.Unwatch: first.SendSystemMessage(new Unwatch(first, second)); break;
                case FrameKind.DeathNotice:
                    Watches.End(first, second);
                    second.SendSystemMessage(new DeathWatchNotification(first, r.Bool(), AddressTerminated: false));
                    break;
                default: throw new InvalidDataException($"Unknown kind of frame {(byte)kind}.");
            }
        }
        catch (Exception e)
        {
            Log.Warning(e, $"A message from {from} was dropped: {e.Message}");
        }
    }

    private InternalActorRef RefOrNull(string path) => path.Length == 0 ? null : System.Refs.Resolve(ActorPath.Parse(path));

    public async ValueTask DisposeAsync()
    {
        // What was said last, a farewell to the cluster above all, gets a moment to leave.
        await Task.WhenAny(Drained(), Task.Delay(TimeSpan.FromMilliseconds(500), System.Time)).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_associations.Values.Select(a => a.Running)).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task Drained()
    {
        while (_associations.Values.Any(a => a.HasWaiting)) await Task.Delay(TimeSpan.FromMilliseconds(10), System.Time).ConfigureAwait(false);
    }
}
