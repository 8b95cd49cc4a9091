using Prometheus;

namespace Compat.PrometheusNet.Tests;

public class CounterTests
{
    private readonly TestRegistry _registry = new();

    [Fact]
    public void Inc_WithoutAmount_AddsOne()
    {
        var counter = _registry.Factory.CreateCounter("a_total", "help");
        counter.Inc();
        counter.Inc(2.5);
        Assert.Equal(3.5, counter.Value);
    }

    [Fact]
    public void Inc_Negative_Throws()
    {
        var counter = _registry.Factory.CreateCounter("a_total", "help");
        Assert.Throws<ArgumentOutOfRangeException>(() => counter.Inc(-1));
        Assert.Equal(0, counter.Value);
    }

    [Fact]
    public void IncTo_LowerThanValue_ChangesNothing()
    {
        var counter = _registry.Factory.CreateCounter("a_total", "help");
        counter.IncTo(10);
        counter.IncTo(4);
        Assert.Equal(10, counter.Value);
    }

    [Fact]
    public async Task Inc_FromManyThreads_LosesNothing()
    {
        var counter = _registry.Factory.CreateCounter("a_total", "help", "label");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
                counter.WithLabels("x").Inc();
        })));
        Assert.Equal(40_000, counter.WithLabels("x").Value);
    }

    [Fact]
    public void Create_SameNameAndLabels_ReturnsTheSameCounter()
    {
        var first = _registry.Factory.CreateCounter("a_total", "help", "label");
        Assert.Same(first, _registry.Factory.CreateCounter("a_total", "help", new CounterConfiguration { LabelNames = ["label"] }));
    }

    [Fact]
    public void Create_SameNameOtherType_Throws()
    {
        _registry.Factory.CreateCounter("a_total", "help");
        Assert.Throws<InvalidOperationException>(() => _registry.Factory.CreateGauge("a_total", "help"));
    }
}
