using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>The way to one peer: a stream of frames that lives as long as the generation.</summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private readonly ProcessGroup _plan;
    private readonly int _rank;
    private readonly CollectiveOptions _options;
    private readonly TimeProvider _time;
    private readonly FailureDetector _detector;
    private readonly Func<bool> _mayEnd;
    private readonly Action<int, bool> _sent;
    private readonly Channel<CollectiveFrame> _frames = Channel.CreateUnbounded<CollectiveFrame>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly GrpcChannel _channel;
    private readonly AsyncClientStreamingCall<CollectiveFrame, ExchangeResult> _call;
    private readonly Task _sending;
    private readonly Task _watching;
    private volatile PeerInbox? _inbox;
    private volatile DataConnection? _data;
    private volatile bool _discard;
    private volatile bool _closing;

    /// <summary>Opens the stream.</summary>
    /// <param name="plan">The members.</param>
    /// <param name="rank">The peer.</param>
    /// <param name="options">Time limits and sizes.</param>
    /// <param name="time">The clock for waiting.</param>
    /// <param name="detector">Told when the stream breaks.</param>
    /// <param name="mayEnd">Whether the end of the stream is no failure.</param>
    /// <param name="sent">Told of the payload bytes of each frame that was sent, and whether it went to the peer's inbox.</param>
    public PeerLink(
        ProcessGroup plan,
        int rank,
        CollectiveOptions options,
        TimeProvider time,
        FailureDetector detector,
        Func<bool> mayEnd,
        Action<int, bool> sent
    )
    {
        (_plan, _rank, _options, _time, _detector, _mayEnd, _sent) = (plan, rank, options, time, detector, mayEnd, sent);
        _channel = CollectiveChannel.Open(plan.Members[rank].Address, options);
        _call = _channel.CreateCallInvoker().AsyncClientStreamingCall(CollectiveWire.Exchange, null, GroupToken.Show(plan.Token));
        // Sending costs processor time next to backward's: it starts here and goes on wherever the transport resumes it.
        _sending = Task.Run(SendAsync);
        _watching = WatchAsync();
    }

    /// <summary>Where frames of a step go that carry no gradients; null: they go through the stream.</summary>
    public PeerInbox? Inbox
    {
        set => _inbox = value;
    }

    public void Send(CollectiveFrame frame)
    {
        (frame.Generation, frame.SenderRank) = (_plan.Generation, _plan.OwnRank);
        if (_inbox is { } inbox && frame.FitsInbox && Put(inbox, frame))
        {
            return;
        }
        if (_data is { } data && !frame.Floats.IsEmpty && frame.SharedBuffer == 0)
        {
            data.Send(frame);
            return;
        }
        _frames.Writer.TryWrite(frame);
    }

    /// <summary>Opens a data connection: payloads go over it from then on.</summary>
    /// <returns>Null, or why there is none.</returns>
    public async Task<string?> OpenDataAsync()
    {
        try
        {
            _data = await DataConnection.OpenAsync(_plan, _rank, _options, _time, _detector, bytes => _sent(bytes, false));
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>No more frames: what is queued is still sent, unless the group failed.</summary>
    public async ValueTask DisposeAsync()
    {
        _discard = _detector.Failure is not null;
        _frames.Writer.TryComplete();
        _data?.Complete(_discard);
        // After a failure nothing is left to send but the stream's end: a healthy peer takes it at once, and one that is stopped or
        // cut off must not keep the others from the next generation.
        var timeout = _discard ? _options.FailedLinkTimeout : _options.Timeout;
        await Task.WhenAny(Task.WhenAll(_sending, _watching, _data?.Sending ?? Task.CompletedTask), Task.Delay(timeout, _time));
        _closing = true;
        if (_data is { } data)
        {
            await data.DisposeAsync();
        }
        _call.Dispose();
        await _sending;
        await _watching;
        _channel.Dispose();
        _inbox?.Dispose();
    }

    private bool Put(PeerInbox inbox, CollectiveFrame frame)
    {
        Span<byte> message = stackalloc byte[MessageRing.LongestMessage];
        var length = FrameCodec.Write(frame, message);
        // Sums before parts: what has just been added is still in the processor's cache.
        if (length < 0 || !inbox.TryPut(message[..length], first: frame.Kind != FrameKind.Reduce))
        {
            return false;
        }
        _sent(frame.Floats.Length * sizeof(float), true);
        frame.Taken?.Invoke();
        return true;
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
                var bytes = frame.Floats.IsEmpty ? frame.Value.Length : frame.Floats.Length * frame.NumberBytes;
                await _call.RequestStream.WriteAsync(frame);
                _sent(bytes, false);
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
            if (!_closing && !_mayEnd())
            {
                Fail(e is RpcException failed ? failed.Status : new Status(StatusCode.Cancelled, e.Message));
            }
        }
    }

    private void Fail(Status status)
    {
        var peer = _plan.Members[_rank].WorkerId;
        _ = status.StatusCode switch
        {
            StatusCode.Aborted => _detector.Fail(CollectiveError.PeerLeft, $"{peer} ended the generation: {status.Detail}"),
            StatusCode.FailedPrecondition => _detector.Fail(CollectiveError.StaleGeneration, $"{peer} refused the stream: {status.Detail}"),
            StatusCode.InvalidArgument => _detector.Fail(CollectiveError.Corrupt, $"{peer} refused a frame of ours: {status.Detail}"),
            _ => _detector.Fail(
                CollectiveError.PeerUnreachable,
                $"The connection to {peer} ended: {status.StatusCode} {status.Detail}",
                peer
            ),
        };
    }
}
