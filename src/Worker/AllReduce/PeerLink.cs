using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>The way to one peer: a stream of frames that lives as long as the generation.</summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private readonly CollectiveGroup _group;
    private readonly int _rank;
    private readonly Channel<CollectiveFrame> _frames = Channel.CreateUnbounded<CollectiveFrame>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly GrpcChannel _channel;
    private readonly AsyncClientStreamingCall<CollectiveFrame, ExchangeResult> _call;
    private readonly Task _sending;
    private readonly Task _watching;
    private volatile bool _discard;
    private volatile bool _closing;

    public PeerLink(CollectiveGroup group, int rank)
    {
        (_group, _rank) = (group, rank);
        _channel = CollectiveChannel.Open(group.Plan.Members[rank].Address, group.Options);
        _call = _channel.CreateCallInvoker().AsyncClientStreamingCall(CollectiveWire.Exchange, null, new CallOptions());
        // Sending costs processor time next to backward's: it starts here and goes on wherever the transport resumes it.
        _sending = Task.Run(SendAsync);
        _watching = WatchAsync();
    }

    public void Send(CollectiveFrame frame) => _frames.Writer.TryWrite(frame);

    /// <summary>No more frames: what is queued is still sent, unless the group failed.</summary>
    public async ValueTask DisposeAsync()
    {
        _discard = _group.Failure is not null;
        _frames.Writer.TryComplete();
        // After a failure nothing is left to send but the stream's end: a healthy peer takes it at once, and one that is stopped or
        // cut off must not keep the others from the next generation.
        var timeout = _discard ? _group.Options.FailedLinkTimeout : _group.Options.Timeout;
        await Task.WhenAny(Task.WhenAll(_sending, _watching), Task.Delay(timeout, _group.Time));
        _closing = true;
        _call.Dispose();
        await _sending;
        await _watching;
        _channel.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var frame in _frames.Reader.ReadAllAsync())
            {
                if (_discard)
                {
                    continue;
                }
                frame.Generation = _group.Plan.Generation;
                frame.SenderRank = _group.Plan.OwnRank;
                var bytes = frame.Floats.IsEmpty ? frame.Value.Length : frame.Floats.Length * sizeof(float);
                await _call.RequestStream.WriteAsync(frame);
                _group.CountSent(bytes);
                frame.Taken?.Invoke();
            }

            await _call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or IOException or OperationCanceledException or InvalidOperationException)
        {
            // What went wrong is the call's status, which the watcher reports; frames still queued go nowhere.
            _discard = true;
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            await _call.ResponseAsync;
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            if (!_closing && !_group.HasLeftInOrder(_rank))
            {
                _group.Fail(Classify(e is RpcException failed ? failed.Status : new Status(StatusCode.Cancelled, e.Message)));
            }
        }
    }

    private CollectiveFailure Classify(Status status)
    {
        var peer = _group.Plan.Members[_rank].WorkerId;
        return status.StatusCode switch
        {
            StatusCode.Aborted => new(CollectiveError.PeerLeft, $"{peer} ended the generation: {status.Detail}"),
            StatusCode.FailedPrecondition => new(CollectiveError.StaleGeneration, $"{peer} refused the stream: {status.Detail}"),
            StatusCode.InvalidArgument => new(CollectiveError.Corrupt, $"{peer} refused a frame of ours: {status.Detail}"),
            _ => new(CollectiveError.PeerUnreachable, $"The connection to {peer} ended: {status.StatusCode} {status.Detail}", peer),
        };
    }
}
