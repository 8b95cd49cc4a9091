using System.Diagnostics;
using Grpc.Core;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class CollectiveFaultTests
{
    [Fact]
    public async Task Complete_PeerDies_FailsAtOnceNamingIt()
    {
        var options = new CollectiveOptions { FrameBytes = 1024, Timeout = TimeSpan.FromMinutes(10) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3|4 5 6 7"), options: options);
        await group.ConnectAsync();
        var started = Stopwatch.GetTimestamp();
        using var waiting = new CountdownEvent(2);
        var survivors = new[] { 0, 1 }
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
        await group.Members[2].DisposeAsync();

        var failures = await Task.WhenAll(survivors);
        Assert.All(
            failures,
            failure => Assert.True(failure?.Error is CollectiveError.PeerUnreachable or CollectiveError.PeerLeft, failure?.ToString())
        );
        Assert.Contains(
            failures,
            failure => failure!.Suspects.Contains("worker-2") || failure.Message.Contains("worker-2", StringComparison.Ordinal)
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

        var peer = await Task.Factory.StartNew(
            () => group.Step(1, 1),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        Assert.Equal(CollectiveError.PeerLeft, peer?.Error);
        Assert.Empty(peer!.Suspects);
    }

    [Fact]
    public async Task Complete_PeerIsSilent_DeadlineNamesIt()
    {
        var options = new CollectiveOptions { FrameBytes = 1024, Timeout = TimeSpan.FromMilliseconds(400) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: options);
        await group.ConnectAsync();
        var failure = await Task.Factory.StartNew(
            () => group.Step(0, 1),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        Assert.Equal(CollectiveError.DeadlineExceeded, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }

    [Fact]
    public async Task Complete_PeerFallsSilentOnceStepsAreMeasured_IsSuspectedLongBeforeTheTimeoutEnds()
    {
        var options = new CollectiveOptions { FrameBytes = 1024, Timeout = TimeSpan.FromSeconds(128) };
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"), options: options);
        await group.ConnectAsync();
        for (var step = 1; step <= 3; step++)
        {
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, step)), Assert.Null);
            group.Groups[0].Detector.StepDone(TimeSpan.FromMilliseconds(10));
        }

        var failure = await Task.Factory.StartNew(
            () => group.Step(0, 4),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        Assert.Equal(CollectiveError.DeadlineExceeded, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
        Assert.StartsWith("Waited 8 s", failure.Message, StringComparison.Ordinal);
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

    public static TheoryData<int, int, long, int, int, int, long> Garbage =>
        new()
        {
            // bucket, chunk, offset, floats, level, index, step
            { 99, 0, 0, 256, 1, 1, 1 },
            { 0, 1, 0, 256, 1, 1, 1 },
            { 0, 0, 4, 256, 1, 1, 1 },
            { 0, 0, 0, 255, 1, 1, 1 },
            { 0, 0, 0, 256, 0, 0, 1 },
            { 0, 0, 0, 256, 1, 1, 7 },
            { 0, 0, 0, 256, 1, 1, 0 },
        };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Exchange_FrameThatCannotBe_EndsTheGroupAsCorrupt(
        int bucket,
        int chunk,
        long offset,
        int floats,
        int level,
        int index,
        long step
    )
    {
        await using var group = await TestGroup.StartAsync(CollectiveGroupTests.Parse("0 1|2 3"));
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
        var failure = await Task.Factory.StartNew(
            () => group.Step(0, 1),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
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
