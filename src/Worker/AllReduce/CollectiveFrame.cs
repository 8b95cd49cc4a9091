using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// One message of the stream <c>Collective.Exchange</c>: the message <see cref="Frame"/> of collective.proto, with its payload left
/// where it is instead of in a byte string.
/// </summary>
internal sealed class CollectiveFrame
{
    /// <summary>In the first frame of a stream only; otherwise empty.</summary>
    public string JobId { get; set; } = "";

    public long Generation { get; set; }

    public int SenderRank { get; set; }

    public long Step { get; set; }

    public FrameKind Kind { get; set; }

    /// <summary>Mailbox frames: which of the step's mailbox values.</summary>
    public int Bucket { get; set; }

    public int Chunk { get; set; }

    public Subtree Node { get; set; }

    /// <summary>In bytes from the chunk's start.</summary>
    public long Offset { get; set; }

    /// <summary>
    /// Instead of a payload: the number of the sender's buffer, from 1, in which the receiver finds the slice; 0: there is a payload.
    /// </summary>
    public int SharedBuffer { get; set; }

    /// <summary>To be sent: gradients, read when the frame is written to the transport, or left where they are for the receiver.</summary>
    public ReadOnlyMemory<float> Floats { get; set; }

    /// <summary>Whether a payload of gradients has bfloat16 numbers (<see cref="GradientPrecision"/>).</summary>
    public bool IsRounded { get; set; }

    /// <summary>Bytes of one number of the payload.</summary>
    public int NumberBytes => IsRounded ? sizeof(ushort) : sizeof(float);

    /// <summary>Received gradients; whoever handles the frame disposes it or passes it on.</summary>
    public FrameBuffer? Received { get; set; }

    /// <summary>Received frames: bytes of payload, or of the slice that is read in its place.</summary>
    public int PayloadBytes { get; set; }

    /// <summary>
    /// Whether it may go through a peer's <see cref="SharedInbox"/>. Frames that belong to a step may, whichever way those before them
    /// took; what begins and ends a generation, or is in pieces, keeps the order of the stream.
    /// </summary>
    public bool FitsInbox =>
        Kind switch
        {
            FrameKind.Reduce or FrameKind.Gather => SharedBuffer != 0,
            FrameKind.Copied => true,
            FrameKind.Mailbox => (MailboxTopic)Bucket is MailboxTopic.StepTotals or MailboxTopic.StepTotalsOfAll or MailboxTopic.Prepared,
            _ => false,
        };

    /// <summary>The payload of a side frame, both ways.</summary>
    public byte[] Value { get; set; } = [];

    /// <summary>Called when the transport has taken the frame, so that <see cref="Floats"/> may change again.</summary>
    public Action? Taken { get; set; }
}
