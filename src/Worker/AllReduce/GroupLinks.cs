using System.Buffers;
using System.Net.Sockets;
using Grpc.Core;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The streams of one generation: one to each peer (<see cref="PeerLink"/>) and one from each. A stream that breaks fails the group,
/// unless its peer has passed the barrier.
/// </summary>
/// <param name="plan">The members.</param>
/// <param name="options">Time limits and sizes.</param>
/// <param name="detector">Told of frames and failures.</param>
/// <param name="receive">Handles a peer's frame, or says what is wrong with it. One call at a time for each peer.</param>
/// <param name="mayEnd">Whether the streams of a rank may end.</param>
internal sealed class GroupLinks(
    ProcessGroup plan,
    CollectiveOptions options,
    FailureDetector detector,
    Func<int, CollectiveFrame, string?> receive,
    Func<int, bool> mayEnd
)
{
    private readonly object[] _receiving = [.. plan.Members.Select(_ => new object())];
    private readonly int[] _joined = new int[plan.Workers];
    private readonly int[] _dataJoined = new int[plan.Workers];
    private PeerLink?[] _links = [];
    private long _sentBytes;
    private long _receivedBytes;
    private long _sentFrames;
    private long _inboxFrames;

    /// <summary>Payload bytes sent to peers so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Payload bytes received from peers so far.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Frames sent to peers so far.</summary>
    public long SentFrames => Interlocked.Read(ref _sentFrames);

    /// <summary>Frames that went to peers' inboxes so far.</summary>
    public long InboxFrames => Interlocked.Read(ref _inboxFrames);

    /// <summary>Told of each frame that came after the group's end and was dropped.</summary>
    public Action? FrameDropped { get; set; }

    /// <summary>Opens the streams to the peers.</summary>
    public void Open(TimeProvider time) =>
        _links = [
            .. Enumerable
                .Range(0, plan.Workers)
                .Select(rank =>
                    rank == plan.OwnRank ? null : new PeerLink(plan, rank, options, time, detector, () => mayEnd(rank), CountSent)
                ),
        ];

    /// <summary>Queues a frame for a peer. Never waits.</summary>
    public void Send(int rank, CollectiveFrame frame) => _links[rank]!.Send(frame);

    /// <summary>From now on what a peer can be told in its inbox goes there.</summary>
    public void Use(int rank, PeerInbox inbox) => _links[rank]!.Inbox = inbox;

    /// <summary>
    /// Opens data connections: from now on payloads go over them. A peer with which that fails gets them through its stream.
    /// </summary>
    /// <param name="ranks">To whom.</param>
    /// <returns>By rank: why there is none to it.</returns>
    public async Task<IReadOnlyDictionary<int, string>> OpenDataAsync(IEnumerable<int> ranks)
    {
        var opened = await Task.WhenAll(ranks.Select(async rank => (rank, Problem: await _links[rank]!.OpenDataAsync())));
        return opened.Where(rank => rank.Problem is not null).ToDictionary(rank => rank.rank, rank => rank.Problem!);
    }

    /// <summary>Serves a peer's data connection until it ends, on a thread of its own.</summary>
    /// <param name="rank">The peer.</param>
    /// <param name="socket">The connection.</param>
    /// <param name="stream">Of it, after the hello.</param>
    /// <param name="cancellationToken">The server ends.</param>
    /// <exception cref="RpcException">The peer may not have one.</exception>
    public async Task ReceiveDataAsync(int rank, Socket socket, Stream stream, CancellationToken cancellationToken)
    {
        RequireFree(_dataJoined, rank, "data connection");
        var peer = plan.Members[rank].WorkerId;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, detector.Ended);
        await stream.WriteAsync(new[] { DataWire.Accepted }, either.Token);
        BlockingSocket.Make(socket);
        await using var _ = either.Token.Register(() => BlockingSocket.End(socket));
        var problem = await Task.Factory.StartNew(
            () => ReceiveData(rank, stream),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        if (problem is not null && !either.IsCancellationRequested)
        {
            await detector.FailUnlessToldAsync($"The data connection from {peer} broke: {problem}", peer);
        }
    }

    /// <returns>Why it broke; null: it ended between two frames, which means nothing: the stream beside it tells why.</returns>
    private string? ReceiveData(int rank, Stream stream)
    {
        var header = new byte[DataWire.LongestHeader];
        try
        {
            while (DataWire.ReadFrame(stream, header) is { } frame)
            {
                if (Take(rank, frame) is { } wrong)
                {
                    Corrupt(rank, wrong);
                    break;
                }
            }
            return null;
        }
        catch (RpcException e)
        {
            Corrupt(rank, e.Status.Detail);
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    /// <summary>Takes what a peer has put into this worker's inbox.</summary>
    public void Receive(int rank, ReadOnlyMemory<byte> message)
    {
        string? wrong;
        try
        {
            wrong = Take(rank, FrameCodec.Read(new ReadOnlySequence<byte>(message)));
        }
        catch (RpcException e)
        {
            wrong = e.Status.Detail;
        }
        if (wrong is not null)
        {
            Corrupt(rank, wrong);
        }
    }

    /// <summary>A peer has put something into this worker's inbox that cannot be.</summary>
    public void Corrupt(int rank, string wrong)
    {
        var peer = plan.Members[rank].WorkerId;
        detector.Fail(CollectiveError.Corrupt, $"{peer} sent a frame that cannot be: {wrong}", peer);
    }

    /// <summary>Ends the streams to the peers: what is queued is still sent, unless the group failed.</summary>
    public Task CloseAsync() => Task.WhenAll(_links.OfType<PeerLink>().Select(link => link.DisposeAsync().AsTask()));

    /// <summary>Returns when no frame is being handled any more. Call it after the group's end: later frames are dropped.</summary>
    public void Quiesce()
    {
        foreach (var stream in _receiving)
        {
            lock (stream)
            {
                _ = stream;
            }
        }
    }

    /// <summary>Serves one peer's stream until it ends.</summary>
    /// <exception cref="RpcException">The stream cannot go on; the status says why.</exception>
    public async Task<ExchangeResult> ReceiveAsync(
        CollectiveFrame first,
        IAsyncStreamReader<CollectiveFrame> frames,
        CancellationToken cancellationToken
    )
    {
        var rank = first.SenderRank;
        RequireFree(_joined, rank, "stream");
        var peer = plan.Members[rank].WorkerId;
        var result = new ExchangeResult();
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, detector.Ended);
            var more = true;
            for (var frame = first; more; more = await frames.MoveNext(either.Token), frame = more ? frames.Current : first)
            {
                if (Take(rank, frame) is { } wrong)
                {
                    throw Refuse($"{frame.Kind} frame of step {frame.Step}: {wrong}.");
                }
                result.Frames++;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or RpcException)
        {
            if (mayEnd(rank))
            {
                return result;
            }
            if (detector.Failure is { } failure)
            {
                throw new RpcException(new Status(StatusCode.Aborted, failure.Message));
            }
            if (e is RpcException { StatusCode: StatusCode.InvalidArgument } refused)
            {
                detector.Fail(CollectiveError.Corrupt, $"{peer} sent a frame that cannot be: {refused.Status.Detail}", peer);
                throw;
            }
            detector.Fail(CollectiveError.PeerUnreachable, $"The stream from {peer} broke: {e.Message}", peer);
            throw new RpcException(new Status(StatusCode.Aborted, "The stream broke."));
        }

        if (!mayEnd(rank))
        {
            detector.Fail(CollectiveError.PeerLeft, $"{peer} ended the generation.");
        }
        return result;
    }

    private void CountSent(int bytes, bool toInbox)
    {
        Interlocked.Add(ref _sentBytes, bytes);
        Interlocked.Increment(ref _sentFrames);
        Interlocked.Add(ref _inboxFrames, toInbox ? 1 : 0);
    }

    private void RequireFree(int[] joined, int rank, string what)
    {
        if (rank < 0 || rank >= plan.Workers || rank == plan.OwnRank)
        {
            throw Refuse($"There is no rank {rank} in generation {plan.Generation} of job {plan.JobId}.");
        }
        if (Interlocked.Exchange(ref joined[rank], 1) != 0)
        {
            throw new RpcException(new Status(StatusCode.AlreadyExists, $"Rank {rank} has a {what} already."));
        }
    }

    private static RpcException Refuse(string why) => new(new Status(StatusCode.InvalidArgument, why));

    private string? Take(int rank, CollectiveFrame frame)
    {
        lock (_receiving[rank])
        {
            detector.Heard(rank);
            if (detector.Failure is not null)
            {
                FrameDropped?.Invoke();
                frame.Received?.Dispose();
                return null;
            }
            var wrong =
                frame.SenderRank == rank && frame.Generation == plan.Generation
                    ? receive(rank, frame)
                    : $"it is of rank {frame.SenderRank} and generation {frame.Generation} on the stream of rank {rank} and generation "
                        + $"{plan.Generation}";
            if (wrong is null)
            {
                Interlocked.Add(ref _receivedBytes, frame.PayloadBytes);
                return null;
            }
            frame.Received?.Dispose();
            return wrong;
        }
    }
}
