using System.Text;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class CollectiveGroupTests
{
    public static TheoryData<string> Assignments =>
        ["0 1 2 3 4 5 6 7", "0 1 2 3|4 5 6 7", "0 1 2|3 4 5|6 7", "0 1|2 3|4 5|6 7", "0|1 2 3 4 5 6|7", "0 5|1 2 7|3 4|6", "0|1|2|3"];

    [Theory]
    [MemberData(nameof(Assignments))]
    public async Task Step_AnyWorkersAndShards_GivesTheBitsOfTheTreeOnEveryWorker(string text)
    {
        await using var group = await TestGroup.StartAsync(Parse(text));
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

    [Fact]
    public async Task AllGather_EachMembersValue_IsKnownToAllInRankOrder()
    {
        await using var group = await TestGroup.StartAsync(Parse("0 1|2|3"));
        await group.ConnectAsync();
        var all = await group.OnAllAsync(rank =>
        {
            Assert.Null(
                group
                    .Groups[rank]
                    .AllGather(0, MailboxTopic.StepTotals, Encoding.ASCII.GetBytes($"from {rank}"), TimeSpan.Zero, out var values)
            );
            return string.Join(", ", values.Select(Encoding.ASCII.GetString));
        });
        Assert.All(all, text => Assert.Equal("from 0, from 1, from 2", text));
    }

    [Fact]
    public async Task Barrier_OfAllMembers_LeavesNoFailureBehind()
    {
        var group = await TestGroup.StartAsync(Parse("0|1|2|3"));
        await group.ConnectAsync();
        Assert.All(await group.OnAllAsync(rank => group.Step(rank, 1)), Assert.Null);
        Assert.All(await group.OnAllAsync(rank => group.Groups[rank].Barrier()), Assert.Null);
        await group.DisposeAsync();
    }

    [Fact]
    public async Task Connect_AllMembers_KnowWhatTheOthersSaid()
    {
        await using var group = await TestGroup.StartAsync(Parse("0 1|2 3"));
        var said = await group.OnAllAsync(rank =>
        {
            Assert.Null(group.Groups[rank].Connect([(byte)rank], out var all));
            return all;
        });
        Assert.All(
            said,
            all =>
                Assert.Equal(
                    [
                        [0],
                        [1],
                    ],
                    all
                )
        );
    }

    internal static int[][] Parse(string text) => [.. text.Split('|').Select(part => part.Split(' ').Select(int.Parse).ToArray())];
}
