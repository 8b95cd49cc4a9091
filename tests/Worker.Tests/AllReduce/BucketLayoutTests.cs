using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class BucketLayoutTests
{
    [Fact]
    public void Create_AnySegments_CoversTheBufferOnceAndWaitsForTheRightSegment()
    {
        var cases =
            from segments in Gen.Choose(0, 60).Select(n => n * BucketLayout.Alignment).NonEmptyListOf()
            from owners in Gen.Choose(1, 9)
            select (segments, owners);
        Prop.ForAll(
                cases.ToArbitrary(),
                c =>
                {
                    var layout = BucketLayout.Create([.. c.segments], smallest: 512, largest: 2048);
                    Assert.Equal(c.segments.Sum(), layout.Length);
                    var at = 0;
                    foreach (var bucket in layout.Buckets)
                    {
                        Assert.Equal(at, bucket.Range.Offset);
                        Assert.InRange(bucket.Range.Length, 1, 2048);
                        at = bucket.Range.End;
                        // Ready with this segment, and not with the one before.
                        Assert.True(bucket.Range.End <= c.segments.Take(bucket.LastSegment + 1).Sum());
                        Assert.True(bucket.Range.End > c.segments.Take(bucket.LastSegment).Sum());
                        var chunkAt = bucket.Range.Offset;
                        for (var owner = 0; owner < c.owners; owner++)
                        {
                            var chunk = BucketLayout.Chunk(bucket.Range, owner, c.owners);
                            Assert.Equal(chunkAt, chunk.Offset);
                            Assert.Equal(0, chunk.Offset % BucketLayout.Alignment);
                            chunkAt = chunk.End;
                        }

                        Assert.Equal(bucket.Range.End, chunkAt);
                    }

                    Assert.Equal(layout.Length, at);
                }
            )
            .Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void Slices_RangeThatIsNoMultiple_EndsWithAShortOne() =>
        Assert.Equal([new FlatRange(5, 4), new FlatRange(9, 4), new FlatRange(13, 2)], BucketLayout.Slices(new FlatRange(5, 10), 4));
}
