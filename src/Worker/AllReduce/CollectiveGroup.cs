using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// One generation's group of workers as one member sees it: streams to and from every peer (<see cref="GroupLinks"/>), the
/// all-reduce of each step (<see cref="GradientAllReduce"/>) and its totals (<see cref="StepTotalsExchange"/>), and small messages
/// beside it (<see cref="Mailbox"/>). One training thread calls it; frames come in on others.
/// </summary>
/// <remarks>
/// The first failure (<see cref="FailureDetector"/>) ends the group for good: whatever waits throws it as a
/// <see cref="CollectiveException"/>, whatever comes later is dropped.
/// </remarks>
public sealed partial class CollectiveGroup : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BucketLayout _layout;
    private bool _sharing;
    private SharedInbox? _inbox;

    /// <summary>Makes the group; nothing is sent before <see cref="Connect"/>.</summary>
    /// <param name="plan">Members and shards.</param>
    /// <param name="layout">How the gradient is cut.</param>
    /// <param name="gradient">The flat buffer in which the sum over all shards is to appear.</param>
    /// <param name="options">Limits and sizes.</param>
    /// <param name="time">The clock for waiting.</param>
    /// <param name="logger">Where the paths of the gradients are told.</param>
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
        (Plan, Options, _time, _logger) = (plan, options.Checked(), time, logger);
        Detector = new FailureDetector(plan, options);
        Links = new GroupLinks(plan, options, Detector, Receive, rank => Mailbox!.HasPassedBarrier(rank));
        Mailbox = new Mailbox(plan, options, Detector, Links.Send);
        AllReduce = new GradientAllReduce(plan, new SliceTable(layout, plan.Workers, options.FrameFloats), gradient, Detector, Links.Send);
        Totals = new StepTotalsExchange(plan, options, Detector, Mailbox, Links.Send);
        _layout = layout;
        Shares = new ShareExchange(plan, layout.Length, options, Detector, Links.Send);
    }

    /// <summary>Members and shards.</summary>
    public ProcessGroup Plan { get; }

    /// <summary>The gradient buffers that peers on this machine may read in place; null: all go over the network.</summary>
    public SharedBuffers? Shared { get; init; }

    /// <summary>What becomes of gradients on their way.</summary>
    public GradientPrecision Precision
    {
        get => AllReduce.Precision;
        init => AllReduce.Precision = value;
    }

    /// <summary>How many steps an exchange may be ahead of the one before: more than one with DiLoCo's rounds.</summary>
    public long StepsApart { get; init; } = 1;

    /// <summary>The job's, by which the silence of peers is judged.</summary>
    internal StepTempo Tempo
    {
        init => Detector.Tempo = value;
    }

    /// <summary>Peers by the way that this worker's gradients take to them.</summary>
    public PeerCounts Peers => AllReduce.Paths.Counts;

    /// <summary>Why the group ended; null while it works.</summary>
    public CollectiveFailure? Failure => Detector.Failure;

    internal CollectiveOptions Options { get; }

    internal FailureDetector Detector { get; }

    internal GroupLinks Links { get; }

    internal Mailbox Mailbox { get; }

    internal GradientAllReduce AllReduce { get; }

    internal StepTotalsExchange Totals { get; }

    internal ShareExchange Shares { get; }

    /// <summary>
    /// Opens the streams and waits until all members are here. Peers that are not yet ready for this generation are waited for.
    /// </summary>
    /// <param name="agreement">What the others must know of this member's state before they begin.</param>
    /// <returns>What each member said, by rank.</returns>
    /// <exception cref="CollectiveException">The group cannot begin.</exception>
    public T[] Connect<T>(T agreement)
        where T : IMessage<T>, new()
    {
        Detector.Tempo.Begin();
        Links.Open(_time);
        ShareMemory();
        return Mailbox.AllGather(Plan.BaseStep, MailboxTopic.Agreement, agreement, Options.ToGetReady);
    }

    /// <summary>Tells the others that this member needs nothing more; afterwards streams may end.</summary>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public void Barrier() => Mailbox.AllGather(AllReduce.CurrentStep, MailboxTopic.Barrier, new Empty(), TimeSpan.Zero);

    /// <summary>Ends the group from this side; whoever waits returns at once.</summary>
    /// <param name="reason">A sentence for people.</param>
    public void Abort(string reason) => Detector.Fail(CollectiveError.Aborted, reason);

    /// <summary>Ends all streams and returns when nobody touches the gradient buffers any more.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Links.CloseAsync();
            Abort("The generation is over.");
            // A frame in hand is finished first; later ones find the group ended.
            Interlocked.Exchange(ref _inbox, null)?.Dispose();
            Links.Quiesce();
            AllReduce.Abandon();
            Shares.Abandon();
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

    private void ShareMemory()
    {
        if (Plan.Workers == 1)
        {
            return;
        }
        _sharing = Options.SharedMemory && Shared is not null;
        if (_sharing)
        {
            _inbox = SharedInbox.TryCreate(Plan.Workers, Shared!.Nonce.Span, Links.Receive, Links.Corrupt);
            Detector.Inbox = _inbox;
        }
        var paths = SharedPaths.Agree(this, _sharing ? Shared : null, _inbox, AllReduce.Gradient.Length);
        AllReduce.Paths = paths;
        if (Plan.Workers > paths.HierarchicalAbove)
        {
            AllReduce.Hierarchy = new HierarchicalFrames(HierarchicalSchedule.Create(Plan), Plan, _layout, Options.FrameFloats);
            Totals.Hierarchical = true;
        }
        paths.OpenData(Links, AllReduce.Hierarchy?.Receivers ?? Plan.Peers);
        Shares.Paths = paths;
        LogPaths(_logger, Plan.Generation, Plan.JobId, paths);
    }

    private string? Receive(int rank, CollectiveFrame frame)
    {
        var current = AllReduce.CurrentStep;
        if (frame.Step < current || frame.Step > current + StepsApart)
        {
            return $"this worker is at step {current}";
        }
        return frame.Kind switch
        {
            FrameKind.Mailbox when Totals.Takes(frame) => Totals.Receive(rank, frame),
            FrameKind.Mailbox => Mailbox.Receive(rank, frame),
            FrameKind.Share => Shares.Receive(rank, frame),
            _ => AllReduce.Receive(rank, frame),
        };
    }

    [LoggerMessage(EventId = 2104, Level = LogLevel.Information, Message = "generation {Generation} of job {Job}: gradients go {Paths}")]
    private static partial void LogPaths(ILogger logger, long generation, string job, SharedPaths paths);
}
