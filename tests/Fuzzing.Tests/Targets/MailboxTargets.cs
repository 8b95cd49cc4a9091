using Google.Protobuf;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Scoring;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>The small messages beside the gradients, as they are taken out of the mailbox, and what is made of them.</summary>
internal static class MailboxTargets
{
    private const int Shards = 4;

    private static readonly CollectiveOptions s_options = new();

    private static readonly ProcessGroup s_plan = new(
        "job-1",
        3,
        0,
        Shards,
        [new("worker-0", new Uri("http://127.0.0.1:1"), [0, 1]), new("worker-1", new Uri("http://127.0.0.1:2"), [2, 3])],
        0,
        "secret"
    );

    private static readonly SharedBuffers? s_shared = SharedBuffers.TryCreate(
        Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
    );

    private static readonly SharedInbox? s_inbox = SharedInbox.TryCreate(2, new byte[16], (_, _) => { }, (_, _) => { });

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        Of(
            "member-step",
            new MemberStep { Shards = { Totals(0), Totals(1) } },
            new MemberStep { Shards = { Totals(2), Totals(3) }, CheckpointDue = true },
            steps => StepTotals.Add(StepTotals.ByShard(steps, Shards))
        ),
        Of("member-state", new MemberState(), new MemberState { StepsSha256 = ByteString.CopyFrom(new byte[32]) }, _ => { }),
        Of(
            "non-finite-shards",
            new NonFiniteShards(),
            new NonFiniteShards { Shards = { 2, 3 } },
            members => NonFinite.ByShard(members, Shards)
        ),
        Of(
            "member-evaluation",
            new MemberEvaluation { Slices = { Slice(0), Slice(1) } },
            new MemberEvaluation { Slices = { Slice(2), Slice(3) } },
            members => Worker.Training.Evaluation.Add(members, [new ValidationPair("a b", "c d", [5, 6], [7])], Shards)
        ),
        new()
        {
            Name = "memory-offer",
            Read = Offer,
            IsRefusal = error => error is IOException,
            Seeds = () => [OwnOffer().ToByteArray()],
            AllocatedPerByte = 256,
        },
    ];

    private static FuzzTarget Of<T>(string name, T own, T peers, Action<T[]> use)
        where T : IMessage<T>, new() =>
        new()
        {
            Name = name,
            Read = input => use(Collect(own, input)),
            // Damaged on its way, or nothing that members of one job say to one another.
            IsRefusal = error => error is CollectiveException { Failure.Error: CollectiveError.Corrupt } or InvalidDataException,
            Seeds = () => [peers.ToByteArray()],
        };

    private static T[] Collect<T>(T own, byte[] peers)
        where T : IMessage<T>, new()
    {
        var detector = new FailureDetector(s_plan, s_options);
        var mailbox = new Mailbox(s_plan, s_options, detector, (_, _) => { });
        const MailboxTopic Topic = MailboxTopic.StepTotals;
        Assert.Null(
            mailbox.Receive(
                1,
                new CollectiveFrame
                {
                    Step = 1,
                    Bucket = (int)Topic,
                    Value = peers,
                }
            )
        );
        return mailbox.Collect(1, Topic, own, TimeSpan.Zero);
    }

    private static ShardTotals Totals(int shard) =>
        new()
        {
            Shard = shard,
            Loss = 1.5,
            TargetTokens = 20,
            SourceTokens = 30,
        };

    private static SliceCounts Slice(int shard) =>
        new()
        {
            Shard = shard,
            Bleu = { Bleu.Statistics("a b c d", "a b d").ToArray() },
            Chrf = { ChrF.Statistics("a b c d", "a b d").ToArray() },
            Sentences = 1,
            TargetTokens = 4,
            Loss = 2,
            Sample = "a b",
        };

    /// <summary>What this process offers, with numbers that hold in every process in the place of its own.</summary>
    private static SharedMemoryOffer OwnOffer() =>
        new()
        {
            Pid = 1,
            HeaderFd = 1,
            Nonce = ByteString.CopyFrom(new byte[16]),
            Use = 1,
            Buffers =
            {
                new SharedBuffer { Fd = 1, Bytes = 64 },
            },
            Inbox = new SharedBuffer { Fd = 1, Bytes = 1 },
        };

    private static void Offer(byte[] input)
    {
        if (s_shared is null)
        {
            return;
        }
        SharedMemoryOffer offer;
        try
        {
            offer = SharedMemoryOffer.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }
        if (s_shared.NumberOf(s_buffer) == 0)
        {
            throw new InvalidOperationException("the buffer is not shared");
        }
        var own = s_shared.BeginUse();
        try
        {
            var standard = OwnOffer();
            offer.Pid = offer.Pid == standard.Pid ? own.Pid : offer.Pid;
            offer.HeaderFd = offer.HeaderFd == standard.HeaderFd ? own.HeaderFd : offer.HeaderFd;
            offer.Nonce = offer.Nonce == standard.Nonce ? own.Nonce : offer.Nonce;
            offer.Use = offer.Use == standard.Use ? own.Use : offer.Use;
            foreach (var buffer in offer.Buffers.Where(buffer => buffer.Fd == 1))
            {
                buffer.Fd = own.Buffers[0].Fd;
            }
            s_shared.Reach(offer, s_buffer.Length);
            if (offer.Inbox?.Fd == 1)
            {
                (offer.Inbox.Fd, offer.Nonce) = (s_inbox!.Offer.Fd, ByteString.CopyFrom(new byte[16]));
            }
            PeerInbox.Open(offer, 2, 0)?.Dispose();
        }
        finally
        {
            s_shared.Keep([]);
            s_shared.EndUse();
        }
    }

    private static readonly Memory<float> s_buffer = s_shared?.NewBuffer(16) ?? default;
}
