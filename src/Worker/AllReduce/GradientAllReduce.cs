using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>The all-reduces of one generation, one <see cref="IStepExchange"/> a step.</summary>
internal sealed class GradientAllReduce
{
    // From this size on the gradient does not stay in a processor's cache until the update reads it.
    private const int StreamedFloats = 1 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, IStepExchange> _exchanges = [];
    private readonly IReadOnlyList<HashSet<Subtree>> _covers;
    private SharedPaths _paths;
    private long _currentStep;

    /// <param name="plan">Members and shards.</param>
    /// <param name="slices">How the gradient is cut.</param>
    /// <param name="gradient">The flat buffer in which the sum over all shards is to appear.</param>
    /// <param name="detector">Waits, and fails the group.</param>
    /// <param name="send">Sends a frame to a rank.</param>
    public GradientAllReduce(
        ProcessGroup plan,
        SliceTable slices,
        Memory<float> gradient,
        FailureDetector detector,
        Action<int, CollectiveFrame> send
    )
    {
        (Plan, Slices, Gradient, Detector, Send) = (plan, slices, gradient, detector, send);
        _covers = [.. Enumerable.Range(0, plan.Workers).Select(rank => plan.CoverOf(rank).ToHashSet())];
        _currentStep = plan.BaseStep;
        _paths = SharedPaths.None(plan);
    }

    public ProcessGroup Plan { get; }

    public SliceTable Slices { get; }

    public Memory<float> Gradient { get; }

    public FailureDetector Detector { get; }

    public Action<int, CollectiveFrame> Send { get; }

    /// <summary>The step that is being done, or was done last.</summary>
    public long CurrentStep => Interlocked.Read(ref _currentStep);

    /// <summary>Whose memory is read in place of a payload.</summary>
    public SharedPaths Paths
    {
        get => Volatile.Read(ref _paths);
        set => Volatile.Write(ref _paths, value);
    }

    /// <summary>What is sent where members exchange along the tree; null: they exchange directly. Set before the first step.</summary>
    public HierarchicalFrames? Hierarchy { get; set; }

    /// <summary>What becomes of gradients on their way. Set before the first step.</summary>
    public GradientPrecision Precision { get; set; } = GradientPrecision.Exact;

    /// <summary>Told of each frame for which the memory of a peer, by its rank, is about to be read.</summary>
    public Action<int, FrameKind>? ReadingMemory { get; set; }

    /// <summary>The subtree sums that a rank contributes.</summary>
    public HashSet<Subtree> CoverOf(int rank) => _covers[rank];

    /// <summary>Puts a sum that a peer has finished into its place in the gradient.</summary>
    public void TakeSum(ReadOnlyMemory<float> sum, Memory<float> to)
    {
        if (Gradient.Length < StreamedFloats)
        {
            sum.CopyTo(to);
            return;
        }
        StreamingCopy.Copy(sum.Span, to.Span);
    }

    /// <summary>Ends the group because a peer uses its memory for something else by now: what was read there may be anything.</summary>
    public void FailForMemoryOf(int rank) =>
        Detector.Fail(CollectiveError.PeerLeft, $"{Plan.Members[rank].WorkerId} ended the generation while its memory was read.");

    /// <summary>Begins the all-reduce of a step. Steps follow one another.</summary>
    public IStepExchange Begin(long step)
    {
        lock (_gate)
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

    /// <summary>Takes a peer's frame.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Receive(int rank, CollectiveFrame frame)
    {
        if (frame.Kind is not (FrameKind.Reduce or FrameKind.Gather or FrameKind.Copied))
        {
            return "its kind is unknown";
        }
        if (frame.Received is not null && frame.IsRounded != Precision.IsRounded)
        {
            return $"its numbers are {(frame.IsRounded ? "bfloat16" : "float32")}, and not as the job has them";
        }
        IStepExchange exchange;
        lock (_gate)
        {
            if (frame.Step < _currentStep || frame.Step == Plan.BaseStep)
            {
                return "the step is over";
            }
            exchange = Exchange(frame.Step);
        }
        return exchange.Receive(rank, frame);
    }

    /// <summary>Lets go of what was received for steps that will not be completed.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            foreach (var exchange in _exchanges.Values)
            {
                exchange.Abandon();
            }
            _exchanges.Clear();
        }
    }

    private IStepExchange Exchange(long step)
    {
        if (!_exchanges.TryGetValue(step, out var exchange))
        {
            _exchanges[step] = exchange = Hierarchy is { } frames
                ? new HierarchicalExchange(this, frames, step)
                : new StepExchange(this, step);
        }
        return exchange;
    }
}
