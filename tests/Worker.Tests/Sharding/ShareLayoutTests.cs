using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;

namespace TrainingCluster.Worker.Tests.Sharding;

public sealed class ShareLayoutTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(8)]
    public void Shares_AreTheWholeBuffer_AndHeldByTwo(int workers)
    {
        var layout = ShareLayout.Create(10_000, workers, [.. Enumerable.Range(0, workers)]);
        Assert.Equal([new FlatRange(0, 10_000)], Ranges.Joined(Enumerable.Range(0, workers).Select(layout.Range)));
        for (var share = 0; share < workers; share++)
        {
            Assert.True(layout.Holds(layout.Sender(share), share));
            Assert.Equal(Math.Min(2, workers), Enumerable.Range(0, workers).Count(rank => layout.Holds(rank, share)));
        }
        Assert.Equal(workers <= 2, layout.IsWhole);
        var held = layout.RangesOf(0).Sum(range => range.Length);
        Assert.InRange(held, Math.Min(1, 2.0 / workers) * 10_000 - 32, Math.Min(1, 2.0 / workers) * 10_000 + 32);
    }

    [Fact]
    public void Shares_WithoutAMemberThatLeaves_AreHeldByTheOthers()
    {
        var layout = ShareLayout.Create(1000, 4, [0, 1, 3]);
        Assert.Empty(layout.SharesOf(2));
        Assert.False(layout.IsWhole);
        Assert.False(ShareLayout.Create(1000, 3, [0, 2]).IsWhole);
        Assert.Throws<ArgumentException>(() => ShareLayout.Create(1000, 3, [0, 3]));
        Assert.Throws<ArgumentException>(() => ShareLayout.Create(1000, 3, [0, 0]));
        Assert.Throws<ArgumentException>(() => ShareLayout.Create(1000, 3, []));
    }

    [Fact]
    public void Ranges_Without_IsTheDifferenceElementByElement()
    {
        var random = new Random(5);
        for (var round = 0; round < 500; round++)
        {
            var some = Draw();
            var others = Draw();
            var expected = Elements(some).Except(Elements(others)).Order();
            Assert.Equal(expected, Elements(Ranges.Without(some, others)).Order());
            Assert.Equal(Elements(some).Distinct().Order(), Elements(Ranges.Joined(some)).Order());
        }

        List<FlatRange> Draw() => [.. Enumerable.Range(0, random.Next(4)).Select(_ => new FlatRange(random.Next(40), random.Next(12)))];
        static IEnumerable<int> Elements(IEnumerable<FlatRange> ranges) =>
            ranges.SelectMany(range => Enumerable.Range(range.Offset, range.Length));
    }

    /// <summary>From any layout to any other, with any single death, each member gets exactly what it lacks.</summary>
    [Fact]
    public void RecoveryPlan_AnyMembersAndAnySingleDeath_LosesNothing()
    {
        const int Length = 4000;
        for (var before = 2; before <= 6; before++)
        {
            for (var after = 1; after <= 6; after++)
            {
                for (var dead = 0; dead < before; dead++)
                {
                    for (var whole = 0; whole < 2; whole++)
                    {
                        Check(before, after, dead, whole == 1);
                    }
                }
            }
        }

        static void Check(int before, int after, int dead, bool whole)
        {
            var old = ShareLayout.Create(Length, before, [.. Enumerable.Range(0, before)]);
            var survivors = Enumerable.Range(0, before).Where(rank => rank != dead).ToArray();
            var holdings = Enumerable
                .Range(0, after)
                .Select(rank => rank < survivors.Length ? new Holding(whole, old.RangesOf(survivors[rank])) : null)
                .ToList();
            if (after < survivors.Length)
            {
                // Members that leave hand over first: not this case.
                return;
            }
            var layout = ShareLayout.Create(Length, after, [.. Enumerable.Range(0, after)]);
            for (var own = 0; own < after; own++)
            {
                var held = holdings[own]?.Moments ?? [];
                var weights =
                    holdings[own] is null ? [new(0, Length)]
                    : whole ? []
                    : Ranges.Without([new(0, Length)], held);
                var moments = Ranges.Without(layout.RangesOf(own), held);
                RecoveryPlan.Make(own, holdings, weights, moments, out var fetches, out var lost);
                Assert.Empty(lost);
                Assert.Equal(weights, Ranges.Joined(fetches.SelectMany(fetch => fetch.Weights)));
                Assert.Equal(moments, Ranges.Joined(fetches.SelectMany(fetch => fetch.Moments)));
                Assert.All(
                    fetches,
                    fetch =>
                    {
                        Assert.NotEqual(own, fetch.Source);
                        Assert.Empty(Ranges.Without(fetch.Moments, holdings[fetch.Source]!.Moments));
                        Assert.True(whole || Ranges.Without(fetch.Weights, holdings[fetch.Source]!.Moments).Count == 0);
                    }
                );
            }
        }
    }

    [Fact]
    public void RecoveryPlan_BothHoldersGone_NamesWhatIsLost()
    {
        var old = ShareLayout.Create(4000, 4, [0, 1, 2, 3]);
        Holding?[] holdings = [new(true, old.RangesOf(0)), new(true, old.RangesOf(3))];
        RecoveryPlan.Make(0, holdings, [], Ranges.Without([new(0, 4000)], old.RangesOf(0)), out _, out var lost);
        Assert.Equal([old.Range(1)], lost);
    }
}
