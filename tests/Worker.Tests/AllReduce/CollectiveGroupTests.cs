using System.Numerics;
using Google.Protobuf;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class CollectiveGroupTests
{
    private static readonly string[] s_assignments =
    [
        "0 1 2 3 4 5 6 7",
        "0 1 2 3|4 5 6 7",
        "0 1 2|3 4 5|6 7",
        "0 1|2 3|4 5|6 7",
        "0|1 2 3 4 5 6|7",
        "0 5|1 2 7|3 4|6",
        "0|1|2|3",
        "0|1 2|3 4|5|6 7",
        "0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15",
    ];

    public static MatrixTheoryData<string, bool> Assignments => new(s_assignments, [false, true]);

    [Theory]
    [MemberData(nameof(Assignments))]
    public async Task Step_AnyWorkersAndShards_GivesTheBitsOfTheTreeOnEveryWorker(string text, bool hierarchical)
    {
        await using var group = await TestGroup.StartAsync(Parse(text), options: TestGroup.Exchanging(hierarchical));
        await group.ConnectAsync();
        for (var step = 1; step <= 3; step++)
        {
            var current = step;
            Assert.All(await group.OnAllAsync(rank => group.Step(rank, current)), Assert.Null);
            var expected = group.Expected(step);
            for (var rank = 0; rank < group.Groups.Count; rank++)
            {
                Assert.True(group.Result(rank).AsSpan().SequenceEqual(expected), $"rank {rank}, step {step}");
            }
        }

        Assert.All(group.Groups, g => Assert.Null(g.Failure));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public async Task Step_OneBucket_TakesThreeMessagesALevelAlongTheTreeAndThreeAPeerDirectly(int workers)
    {
        var levels = BitOperations.Log2((uint)workers);
        foreach (var hierarchical in (bool[])[true, false])
        {
            await using var group = await TestGroup.StartAsync(
                [.. Enumerable.Range(0, workers).Select(shard => new[] { shard })],
                floats: 1024,
                TestGroup.Exchanging(hierarchical) with
                {
                    FrameBytes = 64 * 1024,
                    SharedMemory = false,
                }
            );
            await group.ConnectAsync();
            var known = await group.OnAllAsync(rank =>
            {
                Assert.Null(group.Step(rank, 1));
                var own = new MemberStep { Shards = { new ShardTotals { Shard = rank } } };
                var totals = group.Groups[rank].Totals;
                totals.Post(1, own);
                return totals.Collect(1, own, TimeSpan.Zero).Sum(step => step.Shards.Count);
            });
            Assert.All(known, shards => Assert.Equal(workers, shards));
            Assert.All(await group.OnAllAsync(rank => TestGroup.FailureOf(group.Groups[rank].Barrier)), Assert.Null);
            // What is still on its way is counted as well.
            await Task.WhenAll(group.Groups.Select(member => member.DisposeAsync().AsTask()));
            // Offers of memory, answers, the agreement before the first step, and the barrier after the last: one to each peer.
            var sent = group.Groups.Select(member => member.Links.SentFrames - (4 * (workers - 1))).ToList();
            var (least, most) = hierarchical ? ((2 * levels) + 1, 3 * levels) : (3 * (workers - 1), 3 * (workers - 1));
            Assert.Equal((least, most), (sent.Min(), sent.Max()));
            Assert.True(group.Result(workers / 2).AsSpan().SequenceEqual(group.Expected(1)));
        }
    }

    [Fact]
    public async Task AllGather_EachMembersValue_IsKnownToAllInRankOrder()
    {
        await using var group = await TestGroup.StartAsync(Parse("0 1|2|3"));
        await group.ConnectAsync();
        var all = await group.OnAllAsync(rank =>
            string.Join(
                ", ",
                group
                    .Groups[rank]
                    .Mailbox.AllGather(0, MailboxTopic.NonFiniteShards, new NonFiniteShards { Shards = { rank } }, TimeSpan.Zero)
                    .Select(member => member.Shards.Single())
            )
        );
        Assert.All(all, text => Assert.Equal("0, 1, 2", text));
    }

    [Fact]
    public async Task AllGather_MessageThatCannotBeRead_EndsTheGroupNamingItsSender()
    {
        await using var group = await TestGroup.StartAsync(Parse("0 1|2 3"));
        await group.ConnectAsync();
        group
            .Groups[1]
            .Links.Send(
                0,
                new CollectiveFrame
                {
                    Kind = FrameKind.Mailbox,
                    Bucket = (int)MailboxTopic.NonFiniteShards,
                    Value = [0xff],
                }
            );
        var failure = TestGroup.FailureOf(() =>
            group.Groups[0].Mailbox.AllGather(0, MailboxTopic.NonFiniteShards, new NonFiniteShards(), TimeSpan.Zero)
        );
        Assert.Equal(CollectiveError.Corrupt, failure?.Error);
        Assert.Equal(["worker-1"], failure!.Suspects);
    }

    [Fact]
    public async Task Barrier_OfAllMembers_LeavesNoFailureBehind()
    {
        var group = await TestGroup.StartAsync(Parse("0|1|2|3"));
        await group.ConnectAsync();
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
        Assert.All(await group.OnAllAsync(rank => TestGroup.FailureOf(group.Groups[rank].Barrier)), Assert.Null);
        await group.DisposeAsync();
    }

    [Fact]
    public async Task Connect_AllMembers_KnowWhatTheOthersSaid()
    {
        await using var group = await TestGroup.StartAsync(Parse("0 1|2 3"));
        var said = await group.OnAllAsync(rank =>
            group.Groups[rank].Connect(new MemberState { StepsSha256 = ByteString.CopyFrom((byte)rank) })
        );
        Assert.All(said, all => Assert.Equal([0, 1], all.Select(member => member.StepsSha256.Single())));
    }

    internal static int[][] Parse(string text) => [.. text.Split('|').Select(part => part.Split(' ').Select(int.Parse).ToArray())];
}
