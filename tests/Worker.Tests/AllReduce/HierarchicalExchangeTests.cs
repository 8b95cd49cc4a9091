using System.Numerics;
using System.Numerics.Tensors;
using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>The exchange along the tree among members without connections: frames come in any order that streams allow.</summary>
public sealed class HierarchicalExchangeTests
{
    [Fact]
    public void Exchange_AnyMembersAndAnyOrderOfFrames_GivesTheBitsOfTheTreeOnEveryMember() =>
        Prop.ForAll(
                HierarchicalScheduleTests.Cases().ToArbitrary(),
                c =>
                {
                    var network = new Network(
                        HierarchicalScheduleTests.Shares(c.Shards, c.Workers, c.Even, c.Seed),
                        c.Shards,
                        hierarchical: true,
                        new Random(c.Seed)
                    );
                    for (var step = 1; step <= 2; step++)
                    {
                        network.Step(step);
                    }
                    return true;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Exchange_OneBucketThatAFrameHolds_TakesMessagesInTheOrderOfTheLogarithm(int workers)
    {
        Assert.All(Frames(hierarchical: true), sent => Assert.Equal(2 * BitOperations.Log2((uint)workers), sent));
        Assert.All(Frames(hierarchical: false), sent => Assert.Equal(2 * (workers - 1), sent));

        int[] Frames(bool hierarchical)
        {
            var shares = Enumerable.Repeat(1, workers).ToArray();
            var network = new Network(shares, workers, hierarchical, new Random(1), frameFloats: 64 * 1024, buckets: 1);
            network.Step(1);
            return network.Sent;
        }
    }

    [Theory]
    [InlineData("sender")]
    [InlineData("bucket")]
    [InlineData("slice")]
    [InlineData("subtree")]
    [InlineData("offset")]
    [InlineData("length")]
    [InlineData("twice")]
    [InlineData("early")]
    [InlineData("copied")]
    [InlineData("buffer")]
    public void Receive_FrameThatCannotBe_IsRefused(string lie)
    {
        var network = new Network([1, 1, 1, 1], 4, hierarchical: true, new Random(1), frameFloats: 64 * 1024, buckets: 1);
        var exchange = network.Begin(1, 0);
        var good = Sent(network, lie == "early" ? FrameKind.Gather : FrameKind.Reduce);
        var sender = lie == "sender" ? 2 : 1;
        switch (lie)
        {
            case "bucket":
                good.Bucket++;
                break;
            case "slice":
                good.Chunk++;
                break;
            case "subtree":
                good.Node = good.Node.Parent;
                break;
            case "offset":
                good.Offset += 64;
                break;
            case "length":
                good.Received = FrameBuffer.Rent(good.Received!.Floats.Length - 1);
                break;
            case "twice":
                Assert.Null(exchange.Receive(sender, good));
                break;
            case "copied":
                good.Kind = FrameKind.Copied;
                break;
            case "buffer":
                (good.Received, good.SharedBuffer) = (null, 1);
                break;
            default:
                break;
        }
        Assert.NotNull(exchange.Receive(sender, good));
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("shards")]
    [InlineData("not a child")]
    [InlineData("not the parent")]
    [InlineData("early")]
    [InlineData("bytes")]
    public void Totals_MessageThatCannotBe_IsRefused(string lie)
    {
        var plan = Network.Plan([1, 1, 1, 1], 4, ownRank: lie is "not the parent" or "early" ? 2 : 0);
        var options = new CollectiveOptions();
        var detector = new FailureDetector(plan, options);
        var totals = new StepTotalsExchange(plan, options, detector, new Mailbox(plan, options, detector, (_, _) => { }), (_, _) => { })
        {
            Hierarchical = true,
        };
        var (rank, topic, shards) = lie switch
        {
            "shards" => (1, MailboxTopic.StepTotals, (int[])[2]),
            "not a child" => (3, MailboxTopic.StepTotals, [3]),
            "not the parent" => (1, MailboxTopic.StepTotalsOfAll, [0, 1, 2, 3]),
            "early" => (0, MailboxTopic.StepTotalsOfAll, [0, 1, 2, 3]),
            _ => (1, MailboxTopic.StepTotals, [1]),
        };
        var message = new MemberStep { Shards = { shards.Select(shard => new ShardTotals { Shard = shard }) } };
        var frame = new CollectiveFrame
        {
            Step = 1,
            Bucket = (int)topic,
            Value = lie == "bytes" ? [0xff] : Google.Protobuf.MessageExtensions.ToByteArray(message),
        };
        if (lie == "twice")
        {
            Assert.Null(totals.Receive(rank, frame));
        }
        Assert.NotNull(totals.Receive(rank, frame));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(33)]
    public void Totals_AnyNumberOfMembers_ReachAllInMessagesInTheOrderOfTheLogarithm(int workers)
    {
        var shares = Enumerable.Repeat(2, workers - 1).Append(128 - (2 * (workers - 1))).ToArray();
        var frames = new Queue<(int From, int To, CollectiveFrame Frame)>();
        var sent = new int[workers];
        var members = Enumerable
            .Range(0, workers)
            .Select(rank =>
            {
                var plan = Network.Plan(shares, 128, rank);
                var options = new CollectiveOptions();
                var detector = new FailureDetector(plan, options);
                var mailbox = new Mailbox(plan, options, detector, (_, _) => { });
                return new StepTotalsExchange(plan, options, detector, mailbox, (to, frame) => frames.Enqueue((rank, to, frame)))
                {
                    Hierarchical = true,
                };
            })
            .ToArray();
        for (var step = 1; step <= 2; step++)
        {
            var own = new MemberStep[workers];
            for (var rank = 0; rank < workers; rank++)
            {
                var first = shares.Take(rank).Sum();
                own[rank] = new MemberStep { CheckpointDue = rank == 0 && step == 2 };
                own[rank]
                    .Shards.Add(Enumerable.Range(first, shares[rank]).Select(shard => new ShardTotals { Shard = shard, Loss = shard }));
                members[rank].Post(step, own[rank]);
            }
            while (frames.TryDequeue(out var next))
            {
                sent[next.From]++;
                next.Frame.Step = step;
                Assert.Null(members[next.To].Receive(next.From, next.Frame));
            }
            for (var rank = 0; rank < workers; rank++)
            {
                var whole = Assert.Single(members[rank].Collect(step, own[rank], TimeSpan.Zero));
                Assert.Equal(Enumerable.Range(0, 128), whole.Shards.Select(totals => totals.Shard).Order());
                Assert.All(whole.Shards, totals => Assert.Equal(totals.Shard, totals.Loss));
                Assert.Equal(step == 2, whole.CheckpointDue);
            }
        }
        Assert.InRange(sent.Max(), 0, 2 * (BitOperations.Log2((uint)workers) + 1));
    }

    /// <summary>The first frame of a kind that rank 1 sends rank 0 when nothing is delivered to rank 0.</summary>
    private static CollectiveFrame Sent(Network network, FrameKind kind)
    {
        for (var rank = 1; rank < 4; rank++)
        {
            network.Submit(1, rank);
        }
        var reduce = network.TakeSent(1, 0);
        return kind == FrameKind.Reduce
            ? reduce
            : new CollectiveFrame
            {
                Step = 1,
                Kind = FrameKind.Gather,
                // What member 1 of four has of the root at first, and member 0 is sent at last: the second half.
                Chunk = 2,
                Offset = Network.Floats / 2 * sizeof(float),
                Received = FrameBuffer.Rent(Network.Floats / 2),
            };
    }

    /// <summary>Members of one group in one thread; what they send waits until it is delivered.</summary>
    private sealed class Network
    {
        public const int Floats = 4096;

        private readonly BucketLayout _layout;
        private readonly int _shards;
        private readonly Random _random;
        private readonly GradientAllReduce[] _members;
        private readonly ShardAccumulation[] _plans;
        private readonly float[][][] _buffers;
        private readonly Dictionary<(int From, int To), Queue<CollectiveFrame>> _streams = [];

        public Network(int[] shares, int shards, bool hierarchical, Random random, int frameFloats = 256, int buckets = 3)
        {
            (_shards, _random) = (shards, random);
            _layout = BucketLayout.Create(
                [.. Enumerable.Repeat(Floats / buckets, buckets - 1), Floats - (Floats / buckets * (buckets - 1))],
                1
            );
            _plans = new ShardAccumulation[shares.Length];
            _buffers = new float[shares.Length][][];
            _members = new GradientAllReduce[shares.Length];
            Sent = new int[shares.Length];
            for (var rank = 0; rank < shares.Length; rank++)
            {
                var from = rank;
                var plan = Plan(shares, shards, rank);
                _plans[rank] = ShardAccumulation.Create(plan.Own.Shards, shards);
                _buffers[rank] = [.. Enumerable.Range(0, _plans[rank].BufferCount).Select(_ => new float[Floats])];
                var gradient = _buffers[rank][_plans[rank].Stages[^1].Buffer];
                var slices = new SliceTable(_layout, plan.Workers, frameFloats);
                // Whoever waits here waits in vain.
                var detector = new FailureDetector(plan, new CollectiveOptions { Timeout = TimeSpan.FromMilliseconds(100) });
                _members[rank] = new GradientAllReduce(plan, slices, gradient, detector, (to, frame) => Send(from, to, frame))
                {
                    Hierarchy = hierarchical ? new HierarchicalFrames(HierarchicalSchedule.Create(plan), plan, _layout, frameFloats) : null,
                };
            }
        }

        /// <summary>Frames that each member has sent.</summary>
        public int[] Sent { get; }

        public static ProcessGroup Plan(int[] shares, int shards, int ownRank) =>
            new(
                "job",
                1,
                0,
                shards,
                [
                    .. shares.Select(
                        (share, rank) =>
                            new GroupMember(
                                $"worker-{rank}",
                                new Uri("http://127.0.0.1:1"),
                                [.. Enumerable.Range(shares.Take(rank).Sum(), share)]
                            )
                    ),
                ],
                ownRank,
                "secret"
            );

        public IStepExchange Begin(long step, int rank) => _members[rank].Begin(step);

        /// <summary>All members' part of a step, mixed with the delivery of frames, and the check of its outcome.</summary>
        public void Step(long step)
        {
            var exchanges = Enumerable.Range(0, _members.Length).Select(rank => Begin(step, rank)).ToArray();
            int[] order = [.. Enumerable.Range(0, _members.Length)];
            _random.Shuffle(order);
            foreach (var rank in order)
            {
                Submit(step, rank);
                for (var frames = _random.Next(4 * _members.Length); frames > 0 && Deliver(); frames--) { }
            }
            while (Deliver()) { }
            var expected = Expected(ReductionTree.Root(_shards), step);
            for (var rank = 0; rank < _members.Length; rank++)
            {
                exchanges[rank].Complete(TimeSpan.Zero);
                Assert.True(_members[rank].Gradient.Span.SequenceEqual(expected), $"rank {rank}, step {step}");
            }
        }

        public void Submit(long step, int rank)
        {
            var exchange = Begin(step, rank);
            foreach (var stage in _plans[rank].Stages)
            {
                var buffer = _buffers[rank][stage.Buffer];
                if (stage.ClearFirst)
                {
                    Array.Clear(buffer);
                }
                TensorPrimitives.Add(buffer, Gradient(stage.Shard, step), buffer);
                foreach (var merged in stage.Merge)
                {
                    TensorPrimitives.Add(buffer, _buffers[rank][merged], buffer);
                }
                for (var bucket = 0; stage.Completes is { } node && bucket < _layout.Buckets.Count; bucket++)
                {
                    exchange.Submit(bucket, node, buffer);
                }
            }
        }

        public CollectiveFrame TakeSent(int from, int to) => _streams[(from, to)].Dequeue();

        private static float[] Gradient(int shard, long step)
        {
            var random = new Random(HashCode.Combine(shard, step));
            return [.. Enumerable.Range(0, Floats).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-5, 5))))];
        }

        private static float[] Expected(Subtree node, long step)
        {
            if (node.Level == 0)
            {
                return Gradient(node.Index, step);
            }
            var left = Expected(new Subtree(node.Level - 1, 2 * node.Index), step);
            TensorPrimitives.Add(left, Expected(new Subtree(node.Level - 1, (2 * node.Index) + 1), step), left);
            return left;
        }

        private void Send(int from, int to, CollectiveFrame frame)
        {
            Sent[from]++;
            if (!_streams.TryGetValue((from, to), out var stream))
            {
                _streams[(from, to)] = stream = [];
            }
            // As the transport does: the content is copied when it takes the frame.
            if (!frame.Floats.IsEmpty)
            {
                frame.Received = FrameBuffer.Rent(frame.Floats.Length);
                frame.Floats.CopyTo(frame.Received.Floats);
                frame.Floats = default;
            }
            frame.Taken?.Invoke();
            stream.Enqueue(frame);
        }

        private bool Deliver()
        {
            var waiting = _streams.Where(stream => stream.Value.Count > 0).ToList();
            if (waiting.Count == 0)
            {
                return false;
            }
            var ((from, to), frames) = waiting[_random.Next(waiting.Count)];
            Assert.Null(_members[to].Receive(from, frames.Dequeue()));
            return true;
        }
    }
}
