using System.Diagnostics;
using Grpc.Core;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class CollectiveFaultTests
{
    private const string Sixteen = "0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15";

    [Theory]
    [InlineData("0 1|2 3|4 5 6 7", 2, false)]
    [InlineData("0 1|2 3|4 5 6 7", 2, true)]
    [InlineData(Sixteen, 6, true)]
    public async Task Complete_PeerDies_FailsAtOnceNamingIt(string assignment, int victim, bool hierarchical)
    {
        var options = TestGroup.Exchanging(hierarchical) with { Timeout = TimeSpan.FromMinutes(10) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(assignment), options: options);
        await group.ConnectAsync();
        var started = Stopwatch.GetTimestamp();
        using var waiting = new CountdownEvent(group.Groups.Count - 1);
        var survivors = Enumerable
            .Range(0, group.Groups.Count)
            .Where(rank => rank != victim)
            .Select(rank =>
                Task.Factory.StartNew(
                    () =>
                    {
                        var exchange = group.Groups[rank].AllReduce.Begin(1);
                        group.Compute(rank, 1, exchange);
                        waiting.Signal();
                        return TestGroup.FailureOf(() => exchange.Complete(TimeSpan.Zero));
                    },
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default
                )
            )
            .ToArray();
        waiting.Wait(TestContext.Current.CancellationToken);
        await group.Members[victim].DisposeAsync();

        var failures = await Task.WhenAll(survivors);
        Assert.All(
            failures,
            failure => Assert.True(failure?.Error is CollectiveError.PeerUnreachable or CollectiveError.PeerLeft, failure?.ToString())
        );
        Assert.Contains(
            failures,
            failure =>
                failure!.Suspects.Contains($"worker-{victim}") || failure.Message.Contains($"worker-{victim}", StringComparison.Ordinal)
        );
        // Far from the timeout of minutes: nobody waits for a time-out when a death is known.
        Assert.True(Stopwatch.GetElapsedTime(started) < options.Timeout / 2);
    }

    [Fact]
    public async Task Complete_GroupAbortedHere_ReturnsAbortedAndPeersHearOfIt()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"));
        await group.ConnectAsync();
        var exchange = group.Groups[0].AllReduce.Begin(1);
        group.Compute(0, 1, exchange);
        var complete = Task.Factory.StartNew(
            () => TestGroup.FailureOf(() => exchange.Complete(TimeSpan.Zero)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        group.Groups[0].Abort("A newer generation is being prepared.");
        Assert.Equal(CollectiveError.Aborted, (await complete)?.Error);
        await group.Groups[0].DisposeAsync();

        var peer = await group.StepAsync(1);
        Assert.Equal(CollectiveError.PeerLeft, peer?.Error);
        Assert.Empty(peer!.Suspects);
    }

    [Fact]
    public async Task Complete_PeerIsSilent_DeadlineNamesIt()
    {
        var options = new CollectiveOptions { FrameBytes = 1024, Timeout = TimeSpan.FromMilliseconds(400) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: options);
        await group.ConnectAsync();
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.DeadlineExceeded, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(8, false)]
    [InlineData(5, true)]
    [InlineData(8, true)]
    public async Task Complete_OneOfSixteenIsSilent_IsTheOnlySuspectAlongTheTree(int silent, bool midway)
    {
        var options = TestGroup.Exchanging(hierarchical: true) with { Timeout = TimeSpan.FromSeconds(3) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse(Sixteen), options: options);
        await group.ConnectAsync();
        if (midway)
        {
            // It sends its part of the first bucket, and then nothing.
            group.Groups[silent].AllReduce.Begin(1).Submit(0, new Subtree(0, silent), group.Buffers[silent][0]);
        }
        var failures = await group.OnAllAsync(rank => rank == silent ? null : group.Step(rank, 1));
        Assert.All(failures.Where((_, rank) => rank != silent), Assert.NotNull);
        Assert.Equal([$"worker-{silent}"], failures.SelectMany(failure => failure?.Suspects ?? []).Distinct());
    }

    [Fact]
    public async Task Complete_PeerFallsSilentOnceStepsAreMeasured_IsSuspectedLongBeforeTheTimeoutEnds()
    {
        var options = new CollectiveOptions { FrameBytes = 1024, Timeout = TimeSpan.FromSeconds(64) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: options);
        await group.ConnectAsync();
        for (var step = 1; step <= 3; step++)
        {
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, step)), Assert.Null);
            group.Groups[0].Detector.Tempo.StepDone(TimeSpan.FromMilliseconds(10));
        }

        var failure = await group.StepAsync(0, 4);
        Assert.Equal(CollectiveError.DeadlineExceeded, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
        Assert.Matches(@"^Waited [2-8](\.\d)? s", failure.Message);
    }

    [Fact]
    public async Task Exchange_StreamOfAnOlderGeneration_IsRefusedAndCounted()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), generation: 4);
        await group.ConnectAsync();
        var status = await SendAsync(group.Members[0], First(3));
        Assert.Equal(StatusCode.FailedPrecondition, status);
        Assert.Equal(1, group.Members[0].Host.StaleStreams);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    [Fact]
    public async Task Exchange_StreamOfANewerGeneration_WaitsUntilItIsOpenHere()
    {
        var assignment = CollectiveGroupTests.Parse("0 1|2 3");
        await using var group = await TestGroup.StartAsync(assignment, generation: 4);
        await group.ConnectAsync();
        foreach (var old in group.Groups)
        {
            old.Abort("A newer generation is being prepared.");
        }
        group.Add(assignment, 0, 5, group.Options);
        var early = Task.Factory.StartNew(
            () => TestGroup.FailureOf(() => group.Groups[2].Connect(new MemberState())),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        group.Add(assignment, 1, 5, group.Options);
        group.Groups[3].Connect(new MemberState());
        Assert.Null(await early);
        Assert.Equal(0, group.Members[1].Host.StaleStreams);
    }

    [Fact]
    public async Task Exchange_SecondStreamOfOneRank_IsRefusedAndTheGroupGoesOn()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"));
        await group.ConnectAsync();
        var status = await SendAsync(group.Members[0], First(1));
        Assert.Equal(StatusCode.AlreadyExists, status);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    [Fact]
    public async Task Exchange_StreamOfAStranger_IsRefusedAndTheGroupGoesOn()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"));
        // Before the peer's stream is there, whose place it would take.
        var status = await SendAsync(group.Members[0], First(1), token: "guessed");
        Assert.Equal(StatusCode.PermissionDenied, status);
        await group.ConnectAsync();
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    public static TheoryData<int, int, long, int, int, int, long, bool> Garbage
    {
        get
        {
            var data = new TheoryData<int, int, long, int, int, int, long, bool>();
            foreach (var hierarchical in (bool[])[false, true])
            {
                // bucket, chunk, offset, floats, level, index, step
                data.Add(99, 0, 0, 256, 1, 1, 1, hierarchical);
                data.Add(0, 1, 0, 256, 1, 1, 1, hierarchical);
                data.Add(0, 0, 4, 256, 1, 1, 1, hierarchical);
                data.Add(0, 0, 0, 255, 1, 1, 1, hierarchical);
                data.Add(0, 0, 0, 256, 0, 0, 1, hierarchical);
                data.Add(0, 0, 0, 256, 1, 1, 7, hierarchical);
                data.Add(0, 0, 0, 256, 1, 1, 0, hierarchical);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Exchange_FrameThatCannotBe_EndsTheGroupAsCorrupt(
        int bucket,
        int chunk,
        long offset,
        int floats,
        int level,
        int index,
        long step,
        bool hierarchical
    )
    {
        await using var group = await TestGroup.StartAsync(
            CollectiveGroupTests.Parse("0 1|2 3"),
            options: TestGroup.Exchanging(hierarchical)
        );
        await group.ConnectAsync();
        group
            .Groups[1]
            .Links.Send(
                0,
                new CollectiveFrame
                {
                    Step = step,
                    Kind = FrameKind.Reduce,
                    Bucket = bucket,
                    Chunk = chunk,
                    Offset = offset,
                    Floats = new float[floats],
                    Node = new Subtree(level, index),
                }
            );
        var failure = await group.StepAsync(0);
        Assert.Equal(CollectiveError.Corrupt, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }

    [Fact]
    public async Task Exchange_BytesThatAreNoFrame_AreRefusedAndTheGroupGoesOn()
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"));
        await group.ConnectAsync();
        using var channel = CollectiveChannel.Open(group.Members[0].Address, group.Options);
        var method = new Method<string, string>(
            MethodType.ClientStreaming,
            "cluster.v1.Collective",
            "Exchange",
            Marshallers.StringMarshaller,
            Marshallers.StringMarshaller
        );
        using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(method, null, new CallOptions());
        await call.RequestStream.WriteAsync("\u000f no frame at all");
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync);
        Assert.NotEqual(StatusCode.OK, refused.StatusCode);
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
    }

    /// <summary>The first frame of a stream of rank 1.</summary>
    private static CollectiveFrame First(long generation) =>
        new()
        {
            JobId = "job",
            Generation = generation,
            SenderRank = 1,
            Kind = FrameKind.Mailbox,
            Bucket = 1,
        };

    private static async Task<StatusCode> SendAsync(TestMember member, CollectiveFrame frame, string token = TestCluster.GroupSecret)
    {
        using var channel = CollectiveChannel.Open(member.Address, member.Host.Options);
        using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(CollectiveWire.Exchange, null, GroupToken.Show(token));
        await call.RequestStream.WriteAsync(frame);
        try
        {
            await call.ResponseAsync;
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }
}
