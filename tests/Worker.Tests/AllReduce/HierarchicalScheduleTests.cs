using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class HierarchicalScheduleTests
{
    [Fact]
    public void Schedule_AnyMembersAndShards_AddsSiblingsOnlyAndGivesEachMemberEachPieceOnce() =>
        Prop.ForAll(Cases().ToArbitrary(), c => Carries(Shares(c.Shards, c.Workers, c.Even, c.Seed), c.Shards))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData(2, 2)]
    [InlineData(4, 8)]
    [InlineData(8, 8)]
    [InlineData(16, 16)]
    [InlineData(32, 128)]
    [InlineData(64, 64)]
    [InlineData(64, 128)]
    public void Schedule_PowerOfTwoMembers_HasOneTransferALevelEachWay(int workers, int shards)
    {
        var schedule = HierarchicalSchedule.Create(Covers(Shares(shards, workers, even: true, seed: 0), shards), shards);
        var levels = BitOperations.Log2((uint)workers);
        Assert.Equal(workers, schedule.Pieces);
        for (var rank = 0; rank < workers; rank++)
        {
            Assert.Equal(levels, schedule.Reduces.Count(transfer => transfer.Sender == rank));
            Assert.Equal(levels, schedule.Reduces.Count(transfer => transfer.Receiver == rank));
            Assert.Equal(levels, schedule.Gathers.Count(transfer => transfer.Sender == rank));
            Assert.Equal(levels, Partners(schedule, rank).Count());
        }
        Assert.Equal((2 * levels) - 1, schedule.Gathers.Max(transfer => transfer.Hops));
    }

    [Fact]
    public void Schedule_EvenSharesOfAnyNumberOfMembers_HasTransfersInTheOrderOfTheLogarithm()
    {
        for (var shards = 2; shards <= 128; shards *= 2)
        {
            for (var workers = 2; workers <= Math.Min(64, shards); workers++)
            {
                var shares = Covers(Shares(shards, workers, even: true, seed: 0), shards);
                var schedule = HierarchicalSchedule.Create(shares, shards);
                // A share that is no power of two consists of several subtrees, each with a way of its own.
                var bound = 2 * shares.Max(cover => cover.Count) * (BitOperations.Log2((uint)workers - 1) + 1);
                for (var rank = 0; rank < workers; rank++)
                {
                    Assert.InRange(schedule.Reduces.Count(transfer => transfer.Sender == rank), 0, bound);
                    Assert.InRange(schedule.Gathers.Count(transfer => transfer.Sender == rank), 0, bound);
                }
            }
        }
    }

    [Fact]
    public void Schedule_ThreeMembers_IsThisOne()
    {
        var schedule = HierarchicalSchedule.Create(Covers([1, 1, 2], 4), 4);
        Assert.Equal(
            ["[1, 2) 1>0 0+2", "[0, 1) 0>1 2+2", "[2, 4) 2>0 0+1", "[0, 2) 0>2 1+1", "[2, 4) 2>1 2+1", "[0, 2) 1>2 3+1"],
            schedule.Reduces.Select(Text)
        );
        Assert.Equal(
            ["[0, 4) 0>2 0+1", "[0, 4) 2>0 1+1", "[0, 4) 1>2 2+1", "[0, 4) 2>1 3+1", "[0, 2) 0>1 0+2", "[0, 2) 1>0 2+2"],
            schedule.Gathers.Select(Text)
        );

        static string Text(PieceTransfer transfer) =>
            $"{transfer.Node} {transfer.Sender}>{transfer.Receiver} {transfer.FirstPiece}+{transfer.Pieces}";
    }

    [Fact]
    public void RangeOf_AllPieces_AreTheBucket()
    {
        var schedule = HierarchicalSchedule.Create(Covers([3, 2, 5, 6], 16), 16);
        foreach (var length in (int[])[1, 15, 16, 100, 5003, 1024 * 1024])
        {
            var at = 7;
            for (var piece = 0; piece < schedule.Pieces; piece++)
            {
                var range = schedule.RangeOf(new FlatRange(7, length), piece);
                Assert.Equal((at, 0), (range.Offset, (range.Offset - 7) % BucketLayout.Alignment));
                at = range.End;
            }
            Assert.Equal(7 + length, at);
        }
    }

    /// <summary>How many shards each member holds, in shard order.</summary>
    internal static int[] Shares(int shards, int workers, bool even, int seed)
    {
        var random = new Random(seed);
        int[] inner = [.. Enumerable.Range(1, shards - 1)];
        random.Shuffle(inner);
        int[] ends = even
            ? [.. Enumerable.Range(1, workers).Select(end => shards * end / workers)]
            : [.. inner.Take(workers - 1).Order(), shards];
        return [.. ends.Select((end, rank) => end - (rank == 0 ? 0 : ends[rank - 1]))];
    }

    internal static Gen<(int Shards, int Workers, bool Even, int Seed)> Cases() =>
        from level in Gen.Choose(1, 7)
        from workers in Gen.Choose(2, Math.Min(64, 1 << level))
        from even in Gen.Elements(true, false)
        from seed in Gen.Choose(0, int.MaxValue)
        select (1 << level, workers, even, seed);

    private static IReadOnlyList<Subtree>[] Covers(int[] shares, int shards) =>
        [.. shares.Select((share, rank) => ReductionTree.Cover(shares.Take(rank).Sum(), share, shards))];

    private static IEnumerable<int> Partners(HierarchicalSchedule schedule, int rank) =>
        schedule
            .Reduces.Concat(schedule.Gathers)
            .Where(transfer => transfer.Sender == rank || transfer.Receiver == rank)
            .Select(transfer => transfer.Sender == rank ? transfer.Receiver : transfer.Sender)
            .Distinct();

    /// <summary>Does what the schedule says with sets of subtrees in the place of sums.</summary>
    private static bool Carries(int[] shares, int shards)
    {
        var covers = Covers(shares, shards);
        var schedule = HierarchicalSchedule.Create(covers, shards);
        var held = new HashSet<Subtree>[shares.Length, schedule.Pieces];
        for (var piece = 0; piece < schedule.Pieces; piece++)
        {
            for (var rank = 0; rank < shares.Length; rank++)
            {
                held[rank, piece] = [];
                foreach (var leaf in covers[rank])
                {
                    Add(held[rank, piece], leaf, node => schedule.OwnerOf(node, piece) == rank);
                }
            }
        }
        foreach (var transfer in schedule.Reduces)
        {
            foreach (var piece in PiecesOf(transfer))
            {
                Assert.Equal(transfer.Node, schedule.ExitOf(transfer.Home, piece));
                Assert.True(held[transfer.Sender, piece].Remove(transfer.Node), $"{transfer}, piece {piece}");
                Add(held[transfer.Receiver, piece], transfer.Node, node => schedule.OwnerOf(node, piece) == transfer.Receiver);
            }
        }
        var root = ReductionTree.Root(shards);
        var has = new bool[shares.Length, schedule.Pieces];
        for (var piece = 0; piece < schedule.Pieces; piece++)
        {
            for (var rank = 0; rank < shares.Length; rank++)
            {
                has[rank, piece] = schedule.OwnerOf(root, piece) == rank;
                Assert.Equal(has[rank, piece] ? [root] : [], held[rank, piece]);
            }
        }
        foreach (var transfer in schedule.Gathers)
        {
            foreach (var piece in PiecesOf(transfer))
            {
                Assert.True(has[transfer.Sender, piece] && !has[transfer.Receiver, piece], $"{transfer}, piece {piece}");
                has[transfer.Receiver, piece] = true;
            }
        }
        return has.Cast<bool>().All(each => each);
    }

    private static void Add(HashSet<Subtree> held, Subtree node, Predicate<Subtree> formedHere)
    {
        while (held.Contains(node.Sibling) && formedHere(node.Parent))
        {
            held.Remove(node.Sibling);
            node = node.Parent;
        }
        Assert.True(held.Add(node));
    }

    private static IEnumerable<int> PiecesOf(PieceTransfer transfer) => Enumerable.Range(transfer.FirstPiece, transfer.Pieces);
}
