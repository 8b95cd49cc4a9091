using System.Diagnostics;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Tests.Telemetry;

public class SpansTests
{
    [Theory]
    [InlineData(1, true, true)]
    [InlineData(2, false, false)]
    [InlineData(100, false, true)]
    [InlineData(457, true, true)]
    [InlineData(500, false, true)]
    public void IsSampled_OfSteps_IsTheFirstAndEachHundredth(long step, bool isFirst, bool expected) =>
        Assert.Equal(expected, Spans.IsSampled(step, isFirst));

    [Fact]
    public void Begin_SomebodyListens_IsBelowItsParentAndNotOfTheThread()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Spans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var parent = TraceParent.New();
        var before = Activity.Current;
        var span = Spans.Begin("work", parent);
        Assert.Same(before, Activity.Current);
        Assert.Throws<InvalidOperationException>(() => span.During<int>(() => throw new InvalidOperationException("broke")));
        Assert.Same(before, Activity.Current);
        var only = Assert.Single(ended, s => s.TraceId == parent.TraceId);
        Assert.Equal((parent.SpanId, ActivityStatusCode.Error, "broke"), (only.ParentSpanId, only.Status, only.StatusDescription));
    }
}
