using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// A small all-gather beside the gradients: each member posts a protobuf message under a topic of a step, and collects those of the
/// others.
/// </summary>
/// <param name="plan">The members.</param>
/// <param name="options">The largest message.</param>
/// <param name="detector">Waits, and fails the group.</param>
/// <param name="send">Sends a frame to a rank.</param>
internal sealed class Mailbox(ProcessGroup plan, CollectiveOptions options, FailureDetector detector, Action<int, CollectiveFrame> send)
{
    /// <summary>More waiting messages than this from one peer are no honest mistake: at most two steps' worth can be under way.</summary>
    internal const int LargestWaiting = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<(long Step, MailboxTopic Topic, int Rank), byte[]> _received = [];
    private readonly int[] _waiting = new int[plan.Workers];
    private readonly bool[] _passedBarrier = new bool[plan.Workers];

    /// <summary>Sends a message to all other members; <see cref="Collect"/> waits for theirs.</summary>
    /// <param name="step">The step that it belongs to.</param>
    /// <param name="topic">What it is about.</param>
    /// <param name="message">This member's message.</param>
    public void Post(long step, MailboxTopic topic, IMessage message)
    {
        var bytes = message.ToByteArray();
        if (bytes.Length > options.MailboxBytes)
        {
            throw new ArgumentException($"A mailbox message may have {options.MailboxBytes} bytes, not {bytes.Length}.", nameof(message));
        }
        foreach (var rank in plan.Peers)
        {
            send(
                rank,
                new CollectiveFrame
                {
                    // What is offered goes first, and a stream's first frame names the job.
                    JobId = topic == MailboxTopic.MemoryOffer ? plan.JobId : "",
                    Step = step,
                    Kind = FrameKind.Mailbox,
                    Bucket = (int)topic,
                    Value = bytes,
                }
            );
        }
    }

    /// <summary>Waits for the messages that all other members posted.</summary>
    /// <param name="step">The step that they belong to.</param>
    /// <param name="topic">What they are about.</param>
    /// <param name="own">This member's message.</param>
    /// <param name="ownPart">How long this worker took to get here; the time limit follows from it.</param>
    /// <returns>The messages by rank.</returns>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public T[] Collect<T>(long step, MailboxTopic topic, T own, TimeSpan ownPart)
        where T : IMessage<T>, new()
    {
        detector.Wait(
            () => plan.Peers.All(rank => Has(step, topic, rank)),
            () => new Awaited([.. plan.Peers.Where(rank => !Has(step, topic, rank))]),
            ownPart,
            $"{topic} of step {step}",
            withinStep: topic is MailboxTopic.StepTotals or MailboxTopic.Prepared
        );
        return [.. Enumerable.Range(0, plan.Workers).Select(rank => rank == plan.OwnRank ? own : Take<T>(step, topic, rank))];
    }

    /// <summary><see cref="Post"/> and <see cref="Collect"/> in one.</summary>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public T[] AllGather<T>(long step, MailboxTopic topic, T message, TimeSpan ownPart)
        where T : IMessage<T>, new()
    {
        Post(step, topic, message);
        return Collect(step, topic, message, ownPart);
    }

    /// <summary>Takes a peer's frame.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Receive(int rank, CollectiveFrame frame)
    {
        if (frame.Value.Length > options.MailboxBytes)
        {
            return $"{frame.Value.Length} bytes are more than {options.MailboxBytes}";
        }
        var topic = (MailboxTopic)frame.Bucket;
        lock (_gate)
        {
            if (_waiting[rank] >= LargestWaiting || !_received.TryAdd((frame.Step, topic, rank), frame.Value))
            {
                return "it comes twice, or too many wait";
            }
            _waiting[rank]++;
            _passedBarrier[rank] |= topic == MailboxTopic.Barrier;
        }
        detector.Pulse();
        return null;
    }

    /// <summary>Whether a peer said that it needs nothing more: then the end of its streams is no failure.</summary>
    public bool HasPassedBarrier(int rank)
    {
        lock (_gate)
        {
            return _passedBarrier[rank];
        }
    }

    private bool Has(long step, MailboxTopic topic, int rank)
    {
        lock (_gate)
        {
            return _received.ContainsKey((step, topic, rank));
        }
    }

    private T Take<T>(long step, MailboxTopic topic, int rank)
        where T : IMessage<T>, new()
    {
        byte[]? bytes;
        lock (_gate)
        {
            _received.Remove((step, topic, rank), out bytes);
            _waiting[rank]--;
        }
        var message = new T();
        try
        {
            message.MergeFrom(bytes);
            return message;
        }
        catch (InvalidProtocolBufferException e)
        {
            var peer = plan.Members[rank].WorkerId;
            throw new CollectiveException(
                detector.Fail(CollectiveError.Corrupt, $"{peer} sent a {topic} of step {step} that cannot be read: {e.Message}", peer)
            );
        }
    }
}
