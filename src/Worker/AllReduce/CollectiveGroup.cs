using System.Diagnostics;
using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.Measurement;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// One generation's group of workers as one member sees it: streams to and from every peer, the all-reduce of each step, and the
/// exchange of small values. One training thread calls it; frames come in on others.
/// </summary>
/// <remarks>The first failure ends the group for good: whatever waits returns it, whatever comes later is dropped.</remarks>
public sealed partial class CollectiveGroup : IAsyncDisposable
{
    private readonly Lock _steps = new();
    private readonly object _signal = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Dictionary<long, StepExchange> _exchanges = [];
    private readonly IReadOnlyList<HashSet<Subtree>> _covers;
    private readonly object[] _receiving;
    private readonly bool[] _joined;
    private readonly bool[] _passedBarrier;
    private readonly Mailbox _mailbox;
    private readonly RunningMedian _stepSeconds = new(9, 3);
    private readonly long[] _lastHeard;
    private readonly Memory<float> _gradient;
    private readonly ILogger _logger;
    private PeerLink?[] _links = [];
    private SharedPaths _paths;
    private bool _sharing;
    private CollectiveFailure? _failure;
    private long _currentStep;
    private long _sentBytes;
    private long _receivedBytes;

    /// <summary>Makes the group; nothing is sent before <see cref="Connect"/>.</summary>
    /// <param name="plan">Members and shards.</param>
    /// <param name="layout">How the gradient is cut.</param>
    /// <param name="gradient">The flat buffer in which the sum over all shards is to appear.</param>
    /// <param name="options">Limits and sizes.</param>
    /// <param name="time">The clock for waiting.</param>
    /// <param name="logger">Where dropped frames are told.</param>
    public CollectiveGroup(
        ProcessGroup plan,
        BucketLayout layout,
        Memory<float> gradient,
        CollectiveOptions options,
        TimeProvider time,
        ILogger logger
    )
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(layout);
        if (gradient.Length != layout.Length)
        {
            throw new ArgumentException($"The layout has {layout.Length} floats, the buffer {gradient.Length}.", nameof(gradient));
        }
        (Plan, _gradient, Options, Time, _logger) = (plan, gradient, options.Checked(), time, logger);
        Slices = new SliceTable(layout, plan.Workers, options.FrameFloats);
        _covers = [.. Enumerable.Range(0, plan.Workers).Select(rank => plan.CoverOf(rank).ToHashSet())];
        _receiving = [.. plan.Members.Select(_ => new object())];
        _joined = new bool[plan.Workers];
        _passedBarrier = new bool[plan.Workers];
        _mailbox = new Mailbox(plan.Workers);
        _lastHeard = new long[plan.Workers];
        _currentStep = plan.BaseStep;
        _paths = SharedPaths.None(plan);
    }

    /// <summary>Members and shards.</summary>
    public ProcessGroup Plan { get; }

    /// <summary>The gradient buffers that peers on this machine may read in place; null: gradients go through gRPC to everyone.</summary>
    public SharedBuffers? Shared { get; init; }

    /// <summary>How many peers read this worker's gradients in its memory; the others get them through gRPC.</summary>
    public int SharedMemoryPeers => Paths.Readers;

    /// <summary>Why the group ended; null while it works.</summary>
    public CollectiveFailure? Failure => Volatile.Read(ref _failure);

    /// <summary>Payload bytes sent to peers so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Payload bytes received from peers so far.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Told of each frame that came after the group's end and was dropped.</summary>
    internal Action? FrameDropped { get; set; }

    /// <summary>Told of each frame for which the memory of a peer, by its rank, is about to be read.</summary>
    internal Action<int, FrameKind>? ReadingMemory { get; set; }

    internal CollectiveOptions Options { get; }

    internal TimeProvider Time { get; }

    internal SliceTable Slices { get; }

    internal SharedPaths Paths => Volatile.Read(ref _paths);

    /// <summary>
    /// Opens the streams and waits until all members are here. Peers that are not yet ready for this generation are waited for.
    /// </summary>
    /// <param name="agreement">What the others must know of this member's state before they begin.</param>
    /// <param name="all">What each member said, by rank; empty after a failure.</param>
    /// <returns>Null, or why the group cannot begin.</returns>
    public CollectiveFailure? Connect(byte[] agreement, out byte[][] all)
    {
        ArgumentNullException.ThrowIfNull(agreement);
        _links = [.. Enumerable.Range(0, Plan.Workers).Select(rank => rank == Plan.OwnRank ? null : new PeerLink(this, rank))];
        all = [];
        return ShareMemory() ?? AllGather(Plan.BaseStep, MailboxTopic.Agreement, agreement, Options.ToGetReady, out all);
    }

    /// <summary>Ends the group because members do not hold the same state.</summary>
    /// <param name="different">Ranks whose state is not this worker's.</param>
    internal CollectiveFailure Diverge(IEnumerable<int> different) =>
        Fail(
            new CollectiveFailure(
                CollectiveError.Diverged,
                $"{Plan.Own.WorkerId} and {Names(different)} do not hold the same state at step {Plan.BaseStep} of the same plan."
            )
        );

    /// <summary>Begins the all-reduce of a step. Steps follow one another.</summary>
    public StepExchange Begin(long step)
    {
        lock (_steps)
        {
            foreach (var old in _exchanges.Keys.Where(key => key < step).ToList())
            {
                _exchanges[old].Abandon();
                _exchanges.Remove(old);
            }

            _currentStep = step;
            return Exchange(step);
        }
    }

    /// <summary>A step is done: by its time later ones are judged.</summary>
    public void StepDone(TimeSpan took) => _stepSeconds.Add(took.TotalSeconds);

    /// <summary>Sends a small value to all members; <see cref="Collect"/> waits for theirs.</summary>
    /// <param name="step">The step that it belongs to.</param>
    /// <param name="topic">What it is about.</param>
    /// <param name="value">This member's value.</param>
    internal void Post(long step, MailboxTopic topic, byte[] value)
    {
        if (value.Length > Options.MailboxBytes)
        {
            throw new ArgumentException($"A mailbox value may have {Options.MailboxBytes} bytes, not {value.Length}.", nameof(value));
        }
        // What is offered goes first, and a stream's first frame names the job.
        foreach (var rank in Peers())
        {
            Send(
                rank,
                new CollectiveFrame
                {
                    JobId = topic == MailboxTopic.MemoryOffer ? Plan.JobId : "",
                    Step = step,
                    Kind = FrameKind.Mailbox,
                    Bucket = (int)topic,
                    Value = value,
                }
            );
        }
    }

    /// <summary>Waits for the values that all other members posted.</summary>
    /// <param name="step">The step that they belong to.</param>
    /// <param name="topic">What they are about.</param>
    /// <param name="value">This member's value.</param>
    /// <param name="ownPart">How long this worker took to get here; the time limit follows from it.</param>
    /// <param name="all">The values by rank; empty after a failure.</param>
    /// <returns>Null, or why there are no values.</returns>
    internal CollectiveFailure? Collect(long step, MailboxTopic topic, byte[] value, TimeSpan ownPart, out byte[][] all)
    {
        all = [];
        var peers = Peers();
        var failure = Wait(
            () => peers.TrueForAll(rank => _mailbox.Has(step, topic, rank)),
            ownPart,
            () => [.. peers.Where(rank => !_mailbox.Has(step, topic, rank))],
            $"{topic} of step {step}",
            withinStep: topic == MailboxTopic.StepTotals
        );
        if (failure is not null)
        {
            return failure;
        }
        lock (_signal)
        {
            all = [.. Enumerable.Range(0, Plan.Workers).Select(rank => rank == Plan.OwnRank ? value : _mailbox.Take(step, topic, rank))];
        }
        return null;
    }

    /// <summary><see cref="Post"/> and <see cref="Collect"/> in one.</summary>
    internal CollectiveFailure? AllGather(long step, MailboxTopic topic, byte[] value, TimeSpan ownPart, out byte[][] all)
    {
        Post(step, topic, value);
        return Collect(step, topic, value, ownPart, out all);
    }

    /// <summary>Tells the others that this member needs nothing more; afterwards streams may end.</summary>
    public CollectiveFailure? Barrier() => AllGather(_currentStep, MailboxTopic.Barrier, [], TimeSpan.Zero, out _);

    /// <summary>Ends the group from this side; whoever waits returns at once.</summary>
    /// <param name="reason">A sentence for people.</param>
    public void Abort(string reason) => Fail(new CollectiveFailure(CollectiveError.Aborted, reason));

    /// <summary>Ends all streams and returns when nobody touches the gradient buffers any more.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Task.WhenAll(_links.Where(link => link is not null).Select(link => link!.DisposeAsync().AsTask()));
            Abort("The generation is over.");
            foreach (var stream in _receiving)
            {
                // A frame in hand is finished first; later ones find the group ended.
                lock (stream)
                {
                    _ = stream;
                }
            }

            lock (_steps)
            {
                foreach (var exchange in _exchanges.Values)
                {
                    exchange.Abandon();
                }
                _exchanges.Clear();
            }
        }
        finally
        {
            // Before anyone writes into the buffers anew: a peer that was stopped while it read them finds out when it goes on.
            if (_sharing)
            {
                Shared?.EndUse();
            }
        }
    }

    /// <summary>Serves one peer's stream until it ends.</summary>
    /// <exception cref="RpcException">The stream cannot go on; the status says why.</exception>
    internal async Task<ExchangeResult> ReceiveAsync(
        CollectiveFrame first,
        IAsyncStreamReader<CollectiveFrame> frames,
        CancellationToken cancellationToken
    )
    {
        var rank = first.SenderRank;
        if (rank < 0 || rank >= Plan.Workers || rank == Plan.OwnRank)
        {
            throw Refuse($"There is no rank {rank} in generation {Plan.Generation} of job {Plan.JobId}.");
        }
        lock (_signal)
        {
            if (_joined[rank])
            {
                throw new RpcException(new Status(StatusCode.AlreadyExists, $"Rank {rank} has a stream already."));
            }
            _joined[rank] = true;
        }

        var result = new ExchangeResult();
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
            var more = true;
            for (var frame = first; more; more = await frames.MoveNext(either.Token), frame = more ? frames.Current : first)
            {
                if (Take(rank, frame) is { } wrong)
                {
                    throw Refuse(wrong);
                }
                result.Frames++;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or RpcException)
        {
            if (HasLeftInOrder(rank))
            {
                return result;
            }
            if (Failure is { } failure)
            {
                throw new RpcException(new Status(StatusCode.Aborted, failure.Message));
            }
            var peer = Plan.Members[rank].WorkerId;
            if (e is RpcException { StatusCode: StatusCode.InvalidArgument } refused)
            {
                Fail(new CollectiveFailure(CollectiveError.Corrupt, $"{peer} sent a frame that cannot be: {refused.Status.Detail}", peer));
                throw;
            }

            Fail(new CollectiveFailure(CollectiveError.PeerUnreachable, $"The stream from {peer} broke: {e.Message}", peer));
            throw new RpcException(new Status(StatusCode.Aborted, "The stream broke."));
        }

        if (HasLeftInOrder(rank))
        {
            return result;
        }
        Fail(new CollectiveFailure(CollectiveError.PeerLeft, $"{Plan.Members[rank].WorkerId} ended the generation."));
        return result;
    }

    /// <summary>Whether a peer said that it needs nothing more: then the end of its streams is no failure.</summary>
    internal bool HasLeftInOrder(int rank)
    {
        lock (_signal)
        {
            return _passedBarrier[rank];
        }
    }

    internal HashSet<Subtree> CoverOf(int rank) => _covers[rank];

    internal void Send(int rank, CollectiveFrame frame) => _links[rank]!.Send(frame);

    internal void CountSent(int bytes) => Interlocked.Add(ref _sentBytes, bytes);

    internal void Pulse()
    {
        lock (_signal)
        {
            Monitor.PulseAll(_signal);
        }
    }

    internal CollectiveFailure Fail(CollectiveFailure failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is { } earlier)
        {
            return earlier;
        }
        Pulse();
        // Elsewhere: what the token ends must not run under a lock that the caller may hold.
        _ = _ended.CancelAsync();
        return failure;
    }

    /// <summary>
    /// Waits on the calling thread for others' frames. Within a step it is their silence that counts; elsewhere (an evaluation, the
    /// start) they have nothing to say while they work.
    /// </summary>
    internal CollectiveFailure? Wait(Func<bool> done, TimeSpan ownPart, Func<IReadOnlyList<int>> missing, string what, bool withinStep)
    {
        var limit = withinStep ? Options.Silence(TimeSpan.FromSeconds(_stepSeconds.Value), ownPart) : Options.WaitAfter(ownPart);
        var start = Stopwatch.GetTimestamp();
        lock (_signal)
        {
            while (Failure is null && !done())
            {
                var waited = missing();
                var left = limit - waited.Select(SilentFor).DefaultIfEmpty(Stopwatch.GetElapsedTime(start)).Max();
                if (left > TimeSpan.Zero)
                {
                    Monitor.Wait(_signal, left);
                    continue;
                }

                var late = waited.Where(rank => SilentFor(rank) >= limit).ToList();
                return Fail(
                    new CollectiveFailure(
                        CollectiveError.DeadlineExceeded,
                        $"Waited {limit.TotalSeconds:0.#} s for {what}; nothing from {Names(late)}.",
                        [.. late.Select(rank => Plan.Members[rank].WorkerId)]
                    )
                );
            }

            return Failure;
        }

        TimeSpan SilentFor(int rank) => Stopwatch.GetElapsedTime(withinStep ? Math.Max(start, Volatile.Read(ref _lastHeard[rank])) : start);
    }

    /// <summary>Ends the group because a peer uses its memory for something else by now: what was read there may be anything.</summary>
    internal void FailForMemoryOf(int rank) =>
        Fail(
            new CollectiveFailure(
                CollectiveError.PeerLeft,
                $"{Plan.Members[rank].WorkerId} ended the generation while its memory was read."
            )
        );

    private CollectiveFailure? ShareMemory()
    {
        if (Plan.Workers == 1)
        {
            return null;
        }
        _sharing = Options.SharedMemory && Shared is not null;
        if (SharedPaths.Agree(this, _sharing ? Shared : null, _gradient.Length, out var paths) is { } failure)
        {
            return failure;
        }
        Volatile.Write(ref _paths, paths);
        LogPaths(_logger, Plan.Generation, Plan.JobId, paths);
        return null;
    }

    private static RpcException Refuse(string why) => new(new Status(StatusCode.InvalidArgument, why));

    private List<int> Peers() => [.. Enumerable.Range(0, Plan.Workers).Where(rank => rank != Plan.OwnRank)];

    private string Names(IEnumerable<int> ranks) => string.Join(", ", ranks.Select(rank => Plan.Members[rank].WorkerId));

    private string? Take(int rank, CollectiveFrame frame)
    {
        lock (_receiving[rank])
        {
            Volatile.Write(ref _lastHeard[rank], Stopwatch.GetTimestamp());
            if (Failure is not null)
            {
                FrameDropped?.Invoke();
                frame.Received?.Dispose();
                return null;
            }

            var wrong = Check(rank, frame) ?? (frame.Kind == FrameKind.Mailbox ? TakeMail(rank, frame) : TakeGradient(rank, frame));
            if (wrong is null)
            {
                Interlocked.Add(ref _receivedBytes, frame.PayloadBytes);
                return null;
            }

            frame.Received?.Dispose();
            LogCorrupt(_logger, Plan.Members[rank].WorkerId, frame.Kind, frame.Step, wrong);
            return $"{frame.Kind} frame of step {frame.Step}: {wrong}.";
        }
    }

    private string? Check(int rank, CollectiveFrame frame)
    {
        if (frame.SenderRank != rank || frame.Generation != Plan.Generation)
        {
            return $"it is of rank {frame.SenderRank} and generation {frame.Generation} on the stream of rank {rank} and generation "
                + $"{Plan.Generation}";
        }
        var current = Interlocked.Read(ref _currentStep);
        return frame.Step < current || frame.Step > current + 1 ? $"this worker is at step {current}" : null;
    }

    private string? TakeMail(int rank, CollectiveFrame frame)
    {
        if (frame.Value.Length > Options.MailboxBytes)
        {
            return $"{frame.Value.Length} bytes are more than {Options.MailboxBytes}";
        }
        lock (_signal)
        {
            if (!_mailbox.TryPut(frame.Step, (MailboxTopic)frame.Bucket, rank, frame.Value))
            {
                return "it comes twice, or too many wait";
            }
            _passedBarrier[rank] |= (MailboxTopic)frame.Bucket == MailboxTopic.Barrier;
            Monitor.PulseAll(_signal);
        }

        return null;
    }

    private string? TakeGradient(int rank, CollectiveFrame frame)
    {
        if (frame.Kind is not (FrameKind.Reduce or FrameKind.Gather or FrameKind.Copied))
        {
            return "its kind is unknown";
        }
        StepExchange exchange;
        lock (_steps)
        {
            if (frame.Step < _currentStep || frame.Step == Plan.BaseStep)
            {
                return "the step is over";
            }
            exchange = Exchange(frame.Step);
        }

        return exchange.Receive(rank, frame);
    }

    private StepExchange Exchange(long step)
    {
        if (!_exchanges.TryGetValue(step, out var exchange))
        {
            _exchanges[step] = exchange = new StepExchange(this, step, _gradient);
        }
        return exchange;
    }

    [LoggerMessage(EventId = 2104, Level = LogLevel.Information, Message = "generation {Generation} of job {Job}: gradients go {Paths}")]
    private static partial void LogPaths(ILogger logger, long generation, string job, SharedPaths paths);

    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "{Peer} sent a {Kind} frame of step {Step} that cannot be: {Wrong}")]
    private static partial void LogCorrupt(ILogger logger, string peer, FrameKind kind, long step, string wrong);
}
