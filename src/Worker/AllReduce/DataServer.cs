using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using TrainingCluster.Security;
using TrainingCluster.Transport;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>The end of data connections that comes to a worker: hands each to the generation that it belongs to.</summary>
internal sealed class DataServer(CollectiveHost host)
{
    /// <summary>Serves a connection until it ends.</summary>
    /// <param name="socket">Nothing has been taken out of it; disposed at the end.</param>
    /// <param name="cancellationToken">The server ends.</param>
    public async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var plain = new NetworkStream(socket, ownsSocket: true);
        var from = socket.RemoteEndPoint;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(host.Options.ToGetReady);
            await DataWire.ReadPrefaceAsync(plain, limit.Token);
            using var secure = await SecureAsync(plain, limit.Token);
            var stream = secure ?? (Stream)plain;
            var hello = await DataWire.ReadHelloAsync(stream, limit.Token);
            var group = await host.GroupOfAsync(hello.JobId, hello.Generation, $"rank {hello.SenderRank}", limit.Token);
            if (!GroupToken.Matches(hello.GroupToken, group.Plan.Token))
            {
                host.Refuse(from, "not_a_member", GroupToken.Missing(hello.JobId, hello.Generation));
                return;
            }
            await group.Links.ReceiveDataAsync(hello.SenderRank, socket, stream, cancellationToken);
        }
        catch (RpcException e)
        {
            host.Refuse(from, e.StatusCode.ToString(), e.Status.Detail);
        }
        catch (AuthenticationException e)
        {
            host.Refuse(from, "invalid_handshake", e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It ended, or said nothing.
        }
    }

    private async Task<SslStream?> SecureAsync(Stream plain, CancellationToken cancellationToken)
    {
        if (host.Options.Identity is not { } identity)
        {
            return null;
        }
        var secure = new SslStream(plain, leaveInnerStreamOpen: true);
        try
        {
            await secure.AuthenticateAsServerAsync(identity.ForServer(required: true, CertificateRole.Worker), cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
