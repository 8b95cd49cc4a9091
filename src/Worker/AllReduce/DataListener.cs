using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Where a worker listens for its peers: for gRPC, and for data connections.</summary>
/// <param name="address">Of this machine.</param>
/// <param name="port">0: a free one.</param>
public sealed class PeersEndPoint(IPAddress address, int port) : IPEndPoint(address, port);

/// <summary>
/// Tells data connections from gRPC by their first byte, so that both need one port: the former it serves, the latter it hands to
/// Kestrel.
/// </summary>
internal sealed class DataListener : IConnectionListener
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly CollectiveHost _host;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<Socket> _http = Channel.CreateUnbounded<Socket>();
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;

    private DataListener(Socket socket, CollectiveHost host, ILoggerFactory loggers)
    {
        (_socket, _host) = (socket, host);
        _contexts = new SocketConnectionContextFactory(
            new SocketConnectionFactoryOptions(),
            loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets")
        );
        EndPoint = socket.LocalEndPoint!;
        _accepting = AcceptAllAsync();
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _http.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_http.Reader.TryRead(out var socket))
            {
                return _contexts.Create(socket);
            }
        }
        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        await _accepting;
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        await _stopped.CancelAsync();
        _contexts.Dispose();
        _stopped.Dispose();
    }

    private async Task AcceptAllAsync()
    {
        while (true)
        {
            try
            {
                var socket = await _socket.AcceptAsync();
                _ = SortAsync(socket, _stopped.Token);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                _http.Writer.Complete();
                return;
            }
            catch (SocketException)
            {
                // The caller is gone, or there are too many open files: others may come, later.
                await Task.Delay(s_pause);
            }
        }
    }

    private async Task SortAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            socket.NoDelay = true;
            var first = new byte[1];
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                limit.CancelAfter(_host.Options.ToGetReady);
                await socket.ReceiveAsync(first, SocketFlags.Peek, limit.Token);
            }
            if (first[0] == DataWire.Preface[0])
            {
                await new DataServer(_host).ServeAsync(socket, cancellationToken);
                return;
            }
            if (_http.Writer.TryWrite(socket))
            {
                return;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It ended before it began.
        }
        socket.Dispose();
    }

    /// <summary>Makes the listeners of the endpoints that are for peers.</summary>
    public sealed class Factory(CollectiveHost host, ILoggerFactory loggers)
        : IConnectionListenerFactory,
            IConnectionListenerFactorySelector
    {
        public bool CanBind(EndPoint endpoint) => endpoint is PeersEndPoint && host.Options.DataConnections;

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            try
            {
                var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
                socket.Listen();
                return ValueTask.FromResult<IConnectionListener>(new DataListener(socket, host, loggers));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw new AddressInUseException(e.Message, e);
            }
        }
    }
}
