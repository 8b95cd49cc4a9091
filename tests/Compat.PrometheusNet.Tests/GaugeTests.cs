using Prometheus;

namespace Compat.PrometheusNet.Tests;

public class GaugeTests
{
    private readonly TestRegistry _registry = new();

    [Fact]
    public void SetIncDec_InTurn_FollowTheValue()
    {
        var gauge = _registry.Factory.CreateGauge("a", "help");
        gauge.Set(10);
        gauge.Inc(2);
        gauge.Dec();
        Assert.Equal(11, gauge.Value);
        gauge.IncTo(5);
        gauge.DecTo(20);
        Assert.Equal(11, gauge.Value);
        gauge.IncTo(20);
        Assert.Equal(20, gauge.Value);
        gauge.DecTo(-3);
        Assert.Equal(-3, gauge.Value);
    }

    [Fact]
    public void TrackInProgress_Disposed_TakesItsOneAway()
    {
        var gauge = _registry.Factory.CreateGauge("a", "help");
        using (gauge.TrackInProgress())
            Assert.Equal(1, gauge.Value);
        Assert.Equal(0, gauge.Value);
    }

    [Fact]
    public void SetToTimeUtc_Epoch_CountsSeconds()
    {
        var gauge = _registry.Factory.CreateGauge("a_seconds", "help");
        gauge.SetToTimeUtc(new DateTimeOffset(1970, 1, 1, 1, 0, 0, 500, TimeSpan.FromHours(1)));
        Assert.Equal(0.5, gauge.Value);
    }

    [Fact]
    public void NewTimer_ObserveDuration_SetsTheSecondsItReturns()
    {
        var gauge = _registry.Factory.CreateGauge("a_seconds", "help");
        using var timer = gauge.NewTimer();
        var duration = timer.ObserveDuration();
        Assert.True(duration > TimeSpan.Zero);
        Assert.Equal(duration.TotalSeconds, gauge.Value);
    }
}
