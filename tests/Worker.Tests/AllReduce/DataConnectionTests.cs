using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Security;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>Payloads that go over a TCP connection beside the stream, to the same port.</summary>
public sealed class DataConnectionTests
{
    private static readonly CollectiveOptions s_apart = TestGroup.Exchanging(hierarchical: false) with { SharedMemory = false };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Step_WithTls_GivesTheBitsOfTheTree(bool tls)
    {
        using var certificates = new TestCertificates();
        using var identity = tls
            ? ClusterIdentity.Load(certificates.Write("worker", "worker"), CertificateRole.Worker, TimeProvider.System, NullLogger.Instance)
            : null;
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0 1|2 3|4 5 6 7"),
            floats: 300_000,
            options: s_apart with
            {
                FrameBytes = 256 * 1024,
                Identity = identity,
            },
            largestBucket: BucketLayout.DefaultLargestBucket
        );
        await group.ConnectAsync();
        Assert.All(group.Groups, member => Assert.Equal(new(0, 2, 0), member.Peers));
        for (var step = 1; step <= 5; step++)
        {
            var current = step;
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, current)), Assert.Null);
            Assert.All(Enumerable.Range(0, 3), rank => Assert.True(group.Result(rank).AsSpan().SequenceEqual(group.Expected(current))));
        }
        Assert.Equal("over TCP to worker-1 (the sender shares no memory), worker-2 (the sender shares no memory)", PathsOf(group, 0));
    }

    [Fact]
    public async Task Connect_OneWhoseServerKnowsNone_FallsBackToGrpcWithTheSameSum()
    {
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0 1|2 3"),
            options: s_apart with
            {
                DataConnections = false,
            },
            // They offer what the server at their port does not do.
            of: (_, options) => options with { DataConnections = true }
        );
        await group.ConnectAsync();
        Assert.All(group.Groups, member => Assert.Equal(new(0, 0, 1), member.Peers));
        Assert.StartsWith(
            "through gRPC to worker-1 (the sender shares no memory) (data connection: ",
            PathsOf(group, 0),
            StringComparison.Ordinal
        );
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
        Assert.True(group.Result(0).AsSpan().SequenceEqual(group.Expected(1)));
    }

    [Theory]
    [InlineData("preface", "InvalidArgument", "another preface")]
    [InlineData("long hello", "InvalidArgument", "a hello of 1025 bytes")]
    [InlineData("no hello", "InvalidArgument", "no hello")]
    [InlineData("token", "not_a_member", "the caller shows no token of generation 1 of job job: only its members may do this")]
    [InlineData("generation", "FailedPrecondition", "Generation 0 of job 'job' is not here")]
    [InlineData("rank", "InvalidArgument", "There is no rank 7")]
    [InlineData("second", "AlreadyExists", "Rank 1 has a data connection already.")]
    public async Task Serve_Stranger_IsRefusedAndTheGroupGoesOn(string what, string reason, string message)
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: s_apart);
        await group.ConnectAsync();
        var told = new ConcurrentQueue<(string Reason, string Message)>();
        group.Members[0].Host.Refused = (why, text) => told.Enqueue((why, text));
        var hello = Hello(1);
        switch (what)
        {
            case "token":
                hello.GroupToken = "guessed";
                break;
            case "generation":
                hello.Generation = 0;
                break;
            case "rank":
                hello.SenderRank = 7;
                break;
            default:
                break;
        }
        byte[] bytes = what switch
        {
            "preface" => Encoding.ASCII.GetBytes("CONNECT / HTTP/1.1\r\n"),
            "long hello" => [.. DataWire.Preface, .. Number(DataWire.LongestHeader + 1)],
            "no hello" => [.. DataWire.Preface, .. Number(3), 15, 255, 255],
            _ => [.. DataWire.Preface, .. DataWire.Write(hello)],
        };
        using var socket = await ConnectAsync(group.Members[0], bytes);
        Assert.Equal(0, await ReceiveAsync(socket));
        var (why, text) = Assert.Single(told);
        Assert.Equal(reason, why);
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    [Theory]
    [InlineData("header", "a header of 1025 bytes")]
    [InlineData("kind", "no gradients that follow it (kind Mailbox")]
    [InlineData("shared", "no gradients that follow it (kind Reduce, buffer 1")]
    [InlineData("empty", "a gradient of 0 bytes")]
    [InlineData("odd", "a gradient of 1023 bytes")]
    [InlineData("large", "a gradient of 16777220 bytes")]
    [InlineData("slice", "it names no slice")]
    [InlineData("rounded", "its numbers are bfloat16, and not as the job has them")]
    public async Task Serve_FrameThatCannotBe_EndsTheGroupAsCorrupt(string what, string message)
    {
        await using var group = await OneSidedAsync();
        var frame = new CollectiveFrame
        {
            Generation = 1,
            SenderRank = 1,
            Step = 1,
            Kind = what == "kind" ? FrameKind.Mailbox : FrameKind.Reduce,
            Bucket = what == "slice" ? 99 : 0,
            Node = new Subtree(1, 1),
            SharedBuffer = what == "shared" ? 1 : 0,
            IsRounded = what == "rounded",
        };
        var payload = what switch
        {
            "empty" => 0,
            "odd" => 1023,
            "large" => (16 * 1024 * 1024) + 4,
            _ => 1024,
        };
        var header = new byte[DataWire.LongestHeader];
        var bytes =
            what == "header" ? [.. Number(DataWire.LongestHeader + 1), .. Number(4)] : header[..DataWire.Write(frame, payload, header)];
        using var socket = await OpenAsync(group);
        await socket.SendAsync((byte[])[.. bytes, .. new byte[1024]]);
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.Corrupt, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ConnectionThatBreaksWithinAFrame_EndsTheGroup()
    {
        await using var group = await OneSidedAsync();
        using (var socket = await OpenAsync(group))
        {
            var header = new byte[DataWire.LongestHeader];
            var length = DataWire.Write(new CollectiveFrame { Kind = FrameKind.Reduce }, 1024, header);
            await socket.SendAsync(header.AsMemory(0, length + 100));
        }
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.PeerUnreachable, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
        Assert.StartsWith("The data connection from worker-1 broke: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ConnectionThatEndsBetweenFrames_IsNoFailure()
    {
        await using var group = await OneSidedAsync();
        (await OpenAsync(group)).Dispose();
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    [Fact]
    public async Task Send_ToAPeerThatIsGone_EndsTheGroup()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: s_apart);
        await group.ConnectAsync();
        await group.Members[1].DisposeAsync();
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.PeerUnreachable, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }

    [Fact]
    public async Task Exchange_ManyLargeFrames_ArriveWithoutMemoryOfTheirOwn()
    {
        const int WarmUp = 8,
            Measured = 32;
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0|1"),
            floats: 1 << 20,
            options: s_apart with
            {
                FrameBytes = 512 * 1024,
            },
            largestBucket: BucketLayout.DefaultLargestBucket
        );
        await group.ConnectAsync();
        var before = 0L;
        for (var step = 1; step <= WarmUp + Measured; step++)
        {
            before = step == WarmUp + 1 ? GC.GetTotalAllocatedBytes(precise: true) : before;
            var current = step;
            Assert.All(
                await group.OnAllAsync(rank =>
                {
                    var exchange = group.Groups[rank].AllReduce.Begin(current);
                    foreach (var bucket in group.Layout.Buckets)
                    {
                        exchange.Submit(bucket.Index, new Subtree(0, rank), group.Buffers[rank][0]);
                    }
                    return TestGroup.FailureOf(() => exchange.Complete(TimeSpan.Zero));
                }),
                Assert.Null
            );
        }
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        var sent = (long)Measured * group.Layout.Length * sizeof(float) * 2;
        // A single array for each payload would be all of it.
        Assert.True(allocated < sent / 4, $"{allocated:N0} bytes for {sent:N0} that were sent");
    }

    private static string PathsOf(TestGroup group, int rank) => group.Groups[rank].AllReduce.Paths.ToString();

    /// <summary>Two members, of whom the second opens no data connection itself, so that a test may.</summary>
    private static async Task<TestGroup> OneSidedAsync()
    {
        var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0 1|2 3"),
            options: s_apart,
            of: (rank, options) => options with { DataConnections = rank == 0 }
        );
        await group.ConnectAsync();
        return group;
    }

    /// <summary>A data connection of rank 1 to rank 0.</summary>
    private static async Task<Socket> OpenAsync(TestGroup group)
    {
        var socket = await ConnectAsync(group.Members[0], [.. DataWire.Preface, .. DataWire.Write(Hello(1))]);
        Assert.Equal(DataWire.Accepted, await ReceiveAsync(socket));
        return socket;
    }

    private static DataHello Hello(int rank) =>
        new()
        {
            JobId = "job",
            Generation = 1,
            SenderRank = rank,
            GroupToken = TestCluster.GroupSecret,
        };

    private static async Task<Socket> ConnectAsync(TestMember member, byte[] bytes)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(member.Address.Host, member.Address.Port, TestContext.Current.CancellationToken);
        await socket.SendAsync(bytes, TestContext.Current.CancellationToken);
        return socket;
    }

    /// <returns>The next byte; 0: the connection has ended.</returns>
    private static async Task<byte> ReceiveAsync(Socket socket)
    {
        var answer = new byte[1];
        try
        {
            return await socket.ReceiveAsync(answer, TestContext.Current.CancellationToken) == 0 ? (byte)0 : answer[0];
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }
}
