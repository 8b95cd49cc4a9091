namespace TrainingCluster.Worker.AllReduce;

/// <summary>What the mailbox values of a step are about. The number travels in the frame.</summary>
internal enum MailboxTopic
{
    /// <summary>State and plan on which the members must agree before they begin.</summary>
    Agreement = 1,

    /// <summary>Token counts, losses and non-finite values of a step's shards.</summary>
    StepTotals = 2,

    /// <summary>Shards whose gradient is not finite.</summary>
    NonFiniteShards = 3,

    /// <summary>Statistics of the validation slices.</summary>
    Evaluation = 4,

    /// <summary>The member has what it needs and leaves in order.</summary>
    Barrier = 5,

    /// <summary>Statistics of the validation slices under the averaged weights.</summary>
    AverageEvaluation = 6,

    /// <summary>Gradient buffers that peers on the same machine may read in place.</summary>
    MemoryOffer = 7,

    /// <summary>Which of the offered memory this member reads.</summary>
    MemoryAnswer = 8,
}

/// <summary>Received mailbox values until they are asked for. Not safe for several threads: its group's lock guards it.</summary>
internal sealed class Mailbox(int workers)
{
    /// <summary>More waiting values than this from one peer are no honest mistake: at most two steps' worth can be under way.</summary>
    internal const int LargestWaiting = 16;

    private readonly Dictionary<(long Step, MailboxTopic Topic, int Rank), byte[]> _values = [];
    private readonly int[] _waiting = new int[workers];

    public bool TryPut(long step, MailboxTopic topic, int rank, byte[] value)
    {
        if (_waiting[rank] >= LargestWaiting || !_values.TryAdd((step, topic, rank), value))
        {
            return false;
        }
        _waiting[rank]++;
        return true;
    }

    public bool Has(long step, MailboxTopic topic, int rank) => _values.ContainsKey((step, topic, rank));

    public byte[] Take(long step, MailboxTopic topic, int rank)
    {
        _values.Remove((step, topic, rank), out var value);
        _waiting[rank]--;
        return value ?? throw new InvalidOperationException($"No {topic} of rank {rank} for step {step}.");
    }
}
