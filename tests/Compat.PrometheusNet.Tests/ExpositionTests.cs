using Prometheus;

namespace Compat.PrometheusNet.Tests;

public class ExpositionTests
{
    private readonly TestRegistry _registry = new();

    [Fact]
    public async Task Text_LabelValueWithSpecialCharacters_IsEscaped()
    {
        _registry.Factory.CreateGauge("a", "help", "label").WithLabels("back\\slash \"quote\" new\nline ü").Set(1);
        Assert.Contains("a{label=\"back\\\\slash \\\"quote\\\" new\\nline ü\"} 1\n", await _registry.TextAsync());
    }

    [Fact]
    public async Task Text_LabelledButNeverUsed_DeclaresWithoutSamples()
    {
        _registry.Factory.CreateGauge("a", "help", "label");
        _registry.Factory.CreateCounter("b_total", "");
        Assert.Equal("# HELP a help\n# TYPE a gauge\n# HELP b_total \n# TYPE b_total counter\nb_total 0\n", await _registry.TextAsync());
    }

    [Fact]
    public async Task OpenMetrics_CounterAndHistogram_FollowItsRules()
    {
        _registry.Factory.CreateCounter("steps_total", "help").Inc();
        _registry.Factory.CreateCounter("odd", "help").Inc(2);
        _registry.Factory.CreateHistogram("a", "help", new HistogramConfiguration { Buckets = [1, 2.5] }).Observe(2);
        Assert.Equal(
            """
            # HELP steps help
            # TYPE steps counter
            steps_total 1.0
            # HELP odd help
            # TYPE odd unknown
            odd 2.0
            # HELP a help
            # TYPE a histogram
            a_sum 2.0
            a_count 1
            a_bucket{le="1.0"} 0
            a_bucket{le="2.5"} 1
            a_bucket{le="+Inf"} 1
            # EOF

            """.ReplaceLineEndings("\n"),
            await _registry.TextAsync(ExpositionFormat.OpenMetricsText));
    }

    [Fact]
    public async Task RemoveLabelled_KnownLabels_EndsTheSeries()
    {
        var gauge = _registry.Factory.CreateGauge("a", "help", "job", "state");
        gauge.WithLabels("1", "on").Set(1);
        gauge.WithLabels("2", "on").Set(2);
        gauge.RemoveLabelled("1", "on");
        Assert.Equal([["2", "on"]], gauge.GetAllLabelValues());
        Assert.Equal("# HELP a help\n# TYPE a gauge\na{job=\"2\",state=\"on\"} 2\n", await _registry.TextAsync());
    }

    [Fact]
    public async Task SuppressInitialValue_UntilFirstSet_IsNotExported()
    {
        var gauge = _registry.Factory.CreateGauge("a", "help", new GaugeConfiguration { SuppressInitialValue = true });
        Assert.DoesNotContain("a 0", await _registry.TextAsync());
        gauge.Set(0);
        Assert.Contains("\na 0\n", await _registry.TextAsync());
        gauge.Unpublish();
        Assert.DoesNotContain("a 0", await _registry.TextAsync());
    }

    [Fact]
    public async Task BeforeCollect_BothKinds_RunAtEachCollection()
    {
        var gauge = _registry.Factory.CreateGauge("a", "help");
        var counter = _registry.Factory.CreateCounter("b_total", "help");
        _registry.Registry.AddBeforeCollectCallback(() => gauge.Set(7));
        _registry.Registry.AddBeforeCollectCallback(_ =>
        {
            counter.Inc();
            return Task.CompletedTask;
        });
        await _registry.TextAsync();
        var text = await _registry.TextAsync();
        Assert.Contains("\na 7\n", text);
        Assert.Contains("\nb_total 2\n", text);
    }

    [Fact]
    public async Task BeforeCollect_CallbackThatThrows_DoesNotEndTheScrape()
    {
        _registry.Factory.CreateGauge("a", "help").Set(1);
        _registry.Registry.AddBeforeCollectCallback(() => throw new InvalidOperationException("boom"));
        Assert.Contains("\na 1\n", await _registry.TextAsync());
    }

    [Fact]
    public async Task DefaultRegistry_Collected_HasTheProcessMetrics()
    {
        using var stream = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(stream);
        var text = System.Text.Encoding.UTF8.GetString(stream.ToArray());
        foreach (var name in new[] { "process_cpu_seconds_total", "process_working_set_bytes", "process_start_time_seconds", "process_num_threads", "dotnet_total_memory_bytes" })
            Assert.Matches($"(?m)^{name} [1-9]|^{name} 0\\.[0-9]*[1-9]", text);
        Assert.Contains("dotnet_collection_count_total{generation=\"0\"}", text);
        Assert.Contains("prometheus_net_metric_families{metric_type=\"gauge\"}", text);
    }
}
