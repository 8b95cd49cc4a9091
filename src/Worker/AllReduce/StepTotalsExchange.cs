using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// What members tell one another of each step beside the gradient (<see cref="MemberStep"/>): each to all in a small group, up and
/// down a binomial tree of ranks in a large one, so that a member sends and is sent about log W messages.
/// </summary>
/// <param name="plan">The members.</param>
/// <param name="options">The largest message.</param>
/// <param name="detector">Waits, and fails the group.</param>
/// <param name="mailbox">The way of a small group.</param>
/// <param name="send">Sends a frame to a rank.</param>
internal sealed class StepTotalsExchange(
    ProcessGroup plan,
    CollectiveOptions options,
    FailureDetector detector,
    Mailbox mailbox,
    Action<int, CollectiveFrame> send
)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Gathering> _steps = [];
    private long _collected = plan.BaseStep;

    /// <summary>Whether the messages go along the tree. The same on every member; set before the first step.</summary>
    public bool Hierarchical { get; set; }

    /// <summary>The rank to which this one passes on what it gathered; meaningless for rank 0.</summary>
    private int Parent => plan.OwnRank & (plan.OwnRank - 1);

    /// <summary>The ranks whose parent is a rank: each heads as many ranks as the power of two between them.</summary>
    public static IEnumerable<int> ChildrenOf(int rank, int workers)
    {
        for (var distance = 1; rank + distance < workers && (rank & distance) == 0; distance <<= 1)
        {
            yield return rank + distance;
        }
    }

    /// <summary>Whether a mailbox frame is for this object.</summary>
    public bool Takes(CollectiveFrame frame) =>
        Hierarchical && (MailboxTopic)frame.Bucket is MailboxTopic.StepTotals or MailboxTopic.StepTotalsOfAll;

    /// <summary>Says what this member's shards contributed to a step; <see cref="Collect"/> waits for the others'.</summary>
    public void Post(long step, MemberStep own)
    {
        if (!Hierarchical)
        {
            mailbox.Post(step, MailboxTopic.StepTotals, own);
            return;
        }
        lock (_gate)
        {
            var gathering = At(step);
            Take(gathering, plan.OwnRank, own);
            PassOn(step, gathering);
        }
        detector.Pulse();
    }

    /// <summary>Waits for what all members said.</summary>
    /// <param name="step">The step.</param>
    /// <param name="own">This member's message.</param>
    /// <param name="ownPart">How long this worker took to get here; the time limit follows from it.</param>
    /// <returns>By rank, or all of them in one.</returns>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public IReadOnlyList<MemberStep> Collect(long step, MemberStep own, TimeSpan ownPart)
    {
        if (!Hierarchical)
        {
            return mailbox.Collect(step, MailboxTopic.StepTotals, own, ownPart);
        }
        detector.Wait(() => Whole(step) is not null, () => Missing(step), ownPart, $"the totals of step {step}", withinStep: true);
        lock (_gate)
        {
            _steps.Remove(step, out var gathering);
            _collected = step;
            return [gathering!.Whole!];
        }
    }

    /// <summary>Takes a peer's frame.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Receive(int rank, CollectiveFrame frame)
    {
        if (frame.Value.Length > options.MailboxBytes)
        {
            return $"{frame.Value.Length} bytes are more than {options.MailboxBytes}";
        }
        MemberStep message;
        try
        {
            message = MemberStep.Parser.ParseFrom(frame.Value);
        }
        catch (InvalidProtocolBufferException e)
        {
            return e.Message;
        }
        string? wrong;
        lock (_gate)
        {
            wrong =
                frame.Step <= _collected ? "it comes twice"
                : (MailboxTopic)frame.Bucket == MailboxTopic.StepTotals ? ReceivePart(rank, frame.Step, message)
                : ReceiveWhole(rank, frame, message);
        }
        // Not under the lock, which whoever waits takes under that of the signal.
        detector.Pulse();
        return wrong;
    }

    private string? ReceivePart(int rank, long step, MemberStep message)
    {
        var gathering = At(step);
        if (!gathering.Awaited.Contains(rank) || rank == plan.OwnRank)
        {
            return "it comes twice, or not from a member that passes totals on to this one";
        }
        if (!HasShardsOf(message, rank, rank + (rank & -rank)))
        {
            return "it has other shards than the sender and those behind it";
        }
        Take(gathering, rank, message);
        PassOn(step, gathering);
        return null;
    }

    private string? ReceiveWhole(int rank, CollectiveFrame frame, MemberStep message)
    {
        var gathering = At(frame.Step);
        if (plan.OwnRank == 0 || rank != Parent || gathering.Awaited.Count > 0 || gathering.Whole is not null)
        {
            return "it comes twice, too early, or not from the member to which this one passes totals on";
        }
        if (!HasShardsOf(message, 0, plan.Workers))
        {
            return "it has not all shards";
        }
        Announce(frame.Step, gathering, message, frame.Value);
        return null;
    }

    private Gathering At(long step)
    {
        if (!_steps.TryGetValue(step, out var gathering))
        {
            _steps[step] = gathering = new Gathering([plan.OwnRank, .. ChildrenOf(plan.OwnRank, plan.Workers)]);
        }
        return gathering;
    }

    private static void Take(Gathering gathering, int rank, MemberStep message)
    {
        gathering.Awaited.Remove(rank);
        gathering.Sum.Shards.Add(message.Shards);
        gathering.Sum.CheckpointDue |= message.CheckpointDue;
    }

    private void PassOn(long step, Gathering gathering)
    {
        if (gathering.Awaited.Count > 0)
        {
            return;
        }
        var bytes = gathering.Sum.ToByteArray();
        if (plan.OwnRank > 0)
        {
            Send(Parent, step, MailboxTopic.StepTotals, bytes);
            return;
        }
        Announce(step, gathering, gathering.Sum, bytes);
    }

    private void Announce(long step, Gathering gathering, MemberStep whole, byte[] bytes)
    {
        gathering.Whole = whole;
        // Those who head most others first.
        foreach (var child in ChildrenOf(plan.OwnRank, plan.Workers).Reverse())
        {
            Send(child, step, MailboxTopic.StepTotalsOfAll, bytes);
        }
    }

    private void Send(int rank, long step, MailboxTopic topic, byte[] bytes) =>
        send(
            rank,
            new CollectiveFrame
            {
                Step = step,
                Kind = FrameKind.Mailbox,
                Bucket = (int)topic,
                Value = bytes,
            }
        );

    private bool HasShardsOf(MemberStep message, int from, int to)
    {
        var expected = plan.Members.Take(Math.Min(to, plan.Workers)).Skip(from).SelectMany(member => member.Shards).Order();
        return message.Shards.Select(totals => totals.Shard).Order().SequenceEqual(expected);
    }

    private MemberStep? Whole(long step)
    {
        lock (_gate)
        {
            return _steps.GetValueOrDefault(step)?.Whole;
        }
    }

    private Awaited Missing(long step)
    {
        lock (_gate)
        {
            int[] children = [.. At(step).Awaited.Where(rank => rank != plan.OwnRank)];
            // A child's part depends on as many others, one behind the other, as there are powers of two below it.
            var hops = children.Select(child => int.Log2(child & -child)).DefaultIfEmpty(-1).Min();
            return hops >= 0
                ? new Awaited([.. children.Where(child => int.Log2(child & -child) == hops)], hops)
                : new Awaited([Parent], int.Log2(plan.Workers) + int.PopCount(plan.OwnRank));
        }
    }

    /// <summary>What has come of one step.</summary>
    private sealed class Gathering(IEnumerable<int> awaited)
    {
        public HashSet<int> Awaited { get; } = [.. awaited];

        public MemberStep Sum { get; } = new();

        public MemberStep? Whole { get; set; }
    }
}
