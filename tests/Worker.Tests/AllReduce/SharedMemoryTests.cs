using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>Gradients that peers read in each other's memory.</summary>
public sealed class SharedMemoryTests
{
    private const string Two = "0 1|2 3";

    public static MatrixTheoryData<string, string, bool> Mixtures =>
        new(
            ["0 1|2 3", "0 1 2|3 4 5|6 7", "0 5|1 2 7|3 4|6", "0|1 2 3 4 5 6|7", "0 3|1 6|2 5|4 7"],
            ["on", "off", "off, gRPC", "off, gRPC with the first", "not the first", "not to the first", "not from the first"],
            [false, true]
        );

    [Theory]
    [MemberData(nameof(Mixtures))]
    public async Task Step_AnyMixtureOfPaths_GivesTheBitsOfTheTree(string assignment, string mixture, bool hierarchical)
    {
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse(assignment),
            options: TestGroup.Exchanging(hierarchical),
            of: (rank, options) =>
                options with
                {
                    SharedMemory = !mixture.StartsWith("off", StringComparison.Ordinal) && (mixture != "not the first" || rank > 0),
                    DataConnections = mixture != "off, gRPC" && (mixture != "off, gRPC with the first" || rank > 0),
                }
        );
        var others = group.Groups.Count - 1;
        if (mixture == "not from the first")
        {
            group.SharedOf(0).Offering = offer => offer.Use++;
        }
        for (var rank = 1; mixture == "not to the first" && rank <= others; rank++)
        {
            group.SharedOf(rank).Offering = offer => offer.Nonce = ByteString.CopyFrom(new byte[16]);
        }
        await group.ConnectAsync();
        for (var step = 1; step <= 3; step++)
        {
            var current = step;
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, current)), Assert.Null);
            for (var rank = 0; rank <= others; rank++)
            {
                Assert.True(group.Result(rank).AsSpan().SequenceEqual(group.Expected(step)), $"rank {rank}, step {step}");
            }
        }

        var (first, second) = mixture switch
        {
            "on" => (others, others),
            "not the first" => (0, others - 1),
            "not to the first" => (others, 0),
            "not from the first" => (0, others),
            _ => (0, 0),
        };
        // Along the tree data connections are opened to those to whom gradients go.
        if (!hierarchical)
        {
            var grpc = mixture.StartsWith("off, gRPC", StringComparison.Ordinal);
            Assert.Equal(new(first, grpc ? 0 : others - first, grpc ? others : 0), group.Members[0].Host.Peers);
            Assert.Equal(
                mixture == "off, gRPC" ? others
                    : grpc ? 1
                    : 0,
                group.Groups[1].Peers.Grpc
            );
        }
        Assert.Equal(second, group.Groups[1].Peers.SharedMemory);
        if (mixture is "on" or "off")
        {
            Assert.All(group.Groups, member => Assert.Equal(mixture == "on", member.Links.InboxFrames > 0));
        }
        // Bytes of gradients count on either path; the last frame's perhaps in a moment.
        Assert.All(
            group.Groups,
            member =>
                Assert.True(Math.Min(member.Links.SentBytes, member.Links.ReceivedBytes) > 2 * sizeof(float) * group.Layout.Length / 2)
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Step_MoreFramesThanInboxesHold_GivesTheBitsOfTheTree(bool hierarchical)
    {
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0 1|2 3|4 5 6 7"),
            floats: 200_000,
            options: TestGroup.Exchanging(hierarchical) with
            {
                FrameBytes = 64,
            }
        );
        await group.ConnectAsync();
        using var goOn = new ManualResetEventSlim();
        group.Groups[1].AllReduce.ReadingMemory = (_, _) => goOn.Wait(CancellationToken.None);
        var step = group.OnAllAsync(rank => group.Step(rank, 1));
        // While one reads nothing, the others fill its inbox.
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        goOn.Set();
        Assert.All(await step, Assert.Null);
        Assert.All(Enumerable.Range(0, 3), rank => Assert.True(group.Result(rank).AsSpan().SequenceEqual(group.Expected(1))));
        Assert.All(group.Groups, member => Assert.True(member.Links.InboxFrames > 0));
        Assert.True(group.Groups[0].Links.InboxFrames < group.Groups[0].Links.SentFrames - 100);
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("process")]
    [InlineData("no memory")]
    [InlineData("no descriptor")]
    [InlineData("size")]
    [InlineData("buffer is the header")]
    [InlineData("nothing")]
    public async Task Connect_OfferThatIsNotTrue_FallsBackToTcpWithTheSameSum(string lie)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3|4 5 6 7"));
        group.SharedOf(0).Offering = offer =>
        {
            switch (lie)
            {
                case "nonce":
                    offer.Nonce = ByteString.CopyFrom(new byte[16]);
                    break;
                case "process":
                    offer.Pid = int.MaxValue;
                    break;
                case "no memory":
                    offer.HeaderFd = 0;
                    break;
                case "no descriptor":
                    offer.HeaderFd = int.MaxValue;
                    break;
                case "size":
                    offer.Buffers[0].Bytes++;
                    break;
                case "buffer is the header":
                    offer.Buffers[0].Fd = offer.HeaderFd;
                    break;
                default:
                    offer.Pid = offer.HeaderFd = 0;
                    offer.Nonce = ByteString.Empty;
                    offer.Use = 0;
                    offer.Buffers.Clear();
                    break;
            }
        };
        await group.ConnectAsync();
        Assert.Equal([0, 2, 2], group.Groups.Select(member => member.Peers.SharedMemory));
        Assert.StartsWith("over TCP to worker-1 (", group.Groups[0].AllReduce.Paths.ToString(), StringComparison.Ordinal);
        var inbox = lie is "nonce" or "process" or "nothing" ? " (not into its inbox: " : "";
        var paths = group.Groups[1].AllReduce.Paths.ToString();
        Assert.StartsWith($"through shared memory to worker-0{inbox}", paths, StringComparison.Ordinal);
        Assert.EndsWith(inbox.Length > 0 ? "), worker-2" : "-0, worker-2", paths, StringComparison.Ordinal);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
        Assert.True(group.Result(2).AsSpan().SequenceEqual(group.Expected(1)));
    }

    [Theory]
    [InlineData(FrameKind.Reduce, false)]
    [InlineData(FrameKind.Gather, false)]
    [InlineData(FrameKind.Reduce, true)]
    [InlineData(FrameKind.Gather, true)]
    public async Task Complete_PeerUsesItsMemoryAnewWhileItIsRead_FailsAndSendsNothingOn(FrameKind kind, bool hierarchical)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(Two), options: TestGroup.Exchanging(hierarchical));
        await group.ConnectAsync();
        var read = 0;
        group.Groups[1].AllReduce.ReadingMemory = (_, frame) =>
        {
            if (frame != kind || Interlocked.Exchange(ref read, 1) != 0)
            {
                return;
            }
            // What the end of its generation and the next step do there, without a word to anybody.
            group.SharedOf(0).EndUse();
            foreach (var buffer in group.Buffers[0])
            {
                buffer.Span.Fill(float.NaN);
            }
        };
        var first = group.StepAsync(0);
        var failure = await group.StepAsync(1);
        Assert.Equal(1, read);
        Assert.Equal(CollectiveError.PeerLeft, failure?.Error);
        Assert.Equal("worker-0 ended the generation while its memory was read.", failure!.Message);
        await group.Groups[1].DisposeAsync();
        Assert.NotNull(await first);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Complete_PeerGoesOnWhileThisOneIsStopped_Fails(bool hierarchical)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(Two), options: TestGroup.Exchanging(hierarchical));
        await group.ConnectAsync();
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        group.Groups[1].AllReduce.ReadingMemory = (_, _) =>
        {
            reading.TrySetResult();
            goOn.Wait(CancellationToken.None);
        };
        var stopped = group.StepAsync(1);
        var first = group.StepAsync(0);
        await reading.Task;
        group.Groups[0].Abort("A newer generation is being prepared.");
        Assert.Equal(CollectiveError.Aborted, (await first)?.Error);
        await group.Groups[0].DisposeAsync();
        foreach (var buffer in group.Buffers[0])
        {
            buffer.Span.Fill(float.NaN);
        }
        goOn.Set();
        Assert.Equal(CollectiveError.PeerLeft, (await stopped)?.Error);
    }

    public static TheoryData<FrameKind, int> Lies =>
        new()
        {
            { FrameKind.Reduce, 9 },
            { FrameKind.Gather, 9 },
            { FrameKind.Copied, 0 },
        };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Exchange_ReferenceToNothing_EndsTheGroupAsCorrupt(FrameKind kind, int buffer)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(Two));
        await group.ConnectAsync();
        await IsRefusedAsync(
            group,
            new CollectiveFrame
            {
                Step = 1,
                Kind = kind,
                Chunk = kind == FrameKind.Gather ? 1 : 0,
                Node = new Subtree(1, 1),
                SharedBuffer = buffer,
            }
        );
    }

    [Fact]
    public async Task Exchange_ReferenceFromAPeerThatIsNotMapped_EndsTheGroupAsCorrupt()
    {
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse(Two),
            of: (rank, options) => options with { SharedMemory = rank == 0 }
        );
        await group.ConnectAsync();
        await IsRefusedAsync(
            group,
            new CollectiveFrame
            {
                Step = 1,
                Kind = FrameKind.Reduce,
                Node = new Subtree(1, 1),
                SharedBuffer = 1,
            }
        );
    }

    [Theory]
    [InlineData(FrameKind.Reduce, 1, 1024)]
    [InlineData(FrameKind.Mailbox, 1, 0)]
    [InlineData(FrameKind.Copied, 1, 0)]
    [InlineData(FrameKind.Reduce, -1, 0)]
    [InlineData(FrameKind.Reduce, 0, 0)]
    [InlineData(FrameKind.Copied, 0, 8)]
    public async Task Exchange_FrameWithBothOrNeither_IsRefusedAndTheGroupGoesOn(FrameKind kind, int buffer, int bytes)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(Two));
        await group.ConnectAsync();
        using var channel = CollectiveChannel.Open(group.Members[0].Address, group.Options);
        using var call = new V1.Collective.CollectiveClient(channel).Exchange(cancellationToken: TestContext.Current.CancellationToken);
        await call.RequestStream.WriteAsync(
            new Frame
            {
                JobId = "job",
                Generation = 1,
                SenderRank = 1,
                Step = 1,
                Kind = kind,
                SharedBuffer = buffer,
                Payload = ByteString.CopyFrom(new byte[bytes]),
            }
        );
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync);
        Assert.NotEqual(StatusCode.AlreadyExists, refused.StatusCode);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generations_Fifty_LeaveNoDescriptorsAndNoMappingsBehind(bool hierarchical)
    {
        var assignment = CollectiveGroupTests.Parse("0 1|2 3|4 5 6 7");
        await using var group = await TestGroup.StartAsync(assignment, options: TestGroup.Exchanging(hierarchical));
        await group.ConnectAsync();
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
        var before = Counts();
        for (var generation = 2; generation <= 50; generation++)
        {
            // Each of them breaks off in the middle of a step.
            group.Groups[generation % 3].Abort("A newer generation is being prepared.");
            await Task.WhenAll(group.Groups.Select(member => member.DisposeAsync().AsTask()));
            group.Clear();
            for (var rank = 0; rank < 3; rank++)
            {
                group.Add(assignment, rank, generation, group.Options, keepBuffers: true);
            }
            await group.ConnectAsync();
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
            Assert.True(group.Result(generation % 3).AsSpan().SequenceEqual(group.Expected(1)));
            await group.OnAllAsync(rank =>
            {
                var exchange = group.Groups[rank].AllReduce.Begin(2);
                group.Compute(rank, 2, exchange);
                return exchange;
            });
            Assert.Equal(2, group.Groups[0].Peers.SharedMemory);
        }

        Assert.Equal(before, Counts());
    }

    private static (int Files, int Mappings) Counts() =>
        (
            Directory
                .GetFiles("/proc/self/fd")
                .Count(path => new FileInfo(path).LinkTarget?.Contains("training-cluster-gradients", StringComparison.Ordinal) == true),
            File.ReadLines("/proc/self/maps").Count(line => line.Contains("training-cluster-gradients", StringComparison.Ordinal))
        );

    private static async Task IsRefusedAsync(TestGroup group, CollectiveFrame frame)
    {
        group.Groups[1].Links.Send(0, frame);
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.Corrupt, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }
}
