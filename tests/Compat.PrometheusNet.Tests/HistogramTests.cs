using Prometheus;

namespace Compat.PrometheusNet.Tests;

public class HistogramTests
{
    private readonly TestRegistry _registry = new();

    [Fact]
    public async Task Observe_OnABound_CountsInThatBucket()
    {
        var histogram = _registry.Factory.CreateHistogram("a_seconds", "help", new HistogramConfiguration { Buckets = [1, 2] });
        histogram.Observe(1);
        histogram.Observe(1.5, 2);
        histogram.Observe(9);
        histogram.Observe(double.NaN);
        Assert.Equal(4, histogram.Count);
        Assert.Equal(13, histogram.Sum);
        Assert.Equal(
            """
            # HELP a_seconds help
            # TYPE a_seconds histogram
            a_seconds_sum 13
            a_seconds_count 4
            a_seconds_bucket{le="1"} 1
            a_seconds_bucket{le="2"} 3
            a_seconds_bucket{le="+Inf"} 4

            """.ReplaceLineEndings("\n"),
            await _registry.TextAsync());
    }

    [Fact]
    public void NewTimer_Disposed_ObservesOnce()
    {
        var histogram = _registry.Factory.CreateHistogram("a_seconds", "help", "phase");
        histogram.WithLabels("forward").NewTimer().Dispose();
        Assert.Equal(1, histogram.WithLabels("forward").Count);
    }

    [Fact]
    public void Buckets_LinearAndExponential_AreExactDecimals()
    {
        Assert.Equal([0.1, 0.2, 0.3, 0.4], Histogram.LinearBuckets(0.1, 0.1, 4));
        Assert.Equal([0.001, 0.01, 0.1, 1, 10], Histogram.ExponentialBuckets(0.001, 10, 5));
    }

    [Fact]
    public void Buckets_SenselessArguments_Throw()
    {
        Assert.Throws<ArgumentException>(() => Histogram.ExponentialBuckets(0, 2, 3));
        Assert.Throws<ArgumentException>(() => Histogram.ExponentialBuckets(1, 1, 3));
        Assert.Throws<ArgumentException>(() => Histogram.LinearBuckets(1, 1, 0));
        Assert.Throws<ArgumentException>(() => Create([]));
        Assert.Throws<ArgumentException>(() => Create([2, 1]));
        Assert.Throws<ArgumentException>(() => _registry.Factory.CreateHistogram("b", "help", "le"));

        void Create(double[] buckets) =>
            _registry.Factory.CreateHistogram("a", "help", new HistogramConfiguration { Buckets = buckets });
    }
}
