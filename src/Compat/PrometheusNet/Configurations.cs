namespace Prometheus;

public abstract class MetricConfiguration
{
    /// <summary>Label names, used by the factory methods that do not take them as an argument.</summary>
    public string[]? LabelNames { get; set; }

    /// <summary>True: not exported until a value is first set.</summary>
    public bool SuppressInitialValue { get; set; }
}

public sealed class CounterConfiguration : MetricConfiguration;

public sealed class GaugeConfiguration : MetricConfiguration;

public sealed class HistogramConfiguration : MetricConfiguration
{
    /// <summary>Upper bounds, increasing; +Inf is added when it is missing. Null: 5 ms to 10 s.</summary>
    public double[]? Buckets { get; set; }
}

public enum ExpositionFormat
{
    PrometheusText,
    OpenMetricsText,
}

public static class PrometheusConstants
{
    public const string TextContentType = "text/plain";
    public const string OpenMetricsContentType = "application/openmetrics-text";
    public const string TextContentTypeWithVersionAndEncoding = TextContentType + "; version=0.0.4; charset=utf-8";
    public const string OpenMetricsContentTypeWithVersionAndEncoding = OpenMetricsContentType + "; version=1.0.0; charset=utf-8";
}

/// <summary>Which of the metrics that exist by default are left out.</summary>
public sealed class SuppressDefaultMetricOptions
{
    public bool SuppressProcessMetrics { get; set; }
    public bool SuppressDebugMetrics { get; set; }

    /// <summary>Event counters are not read by this implementation: the same as true.</summary>
    public bool SuppressEventCounters { get; set; }

    /// <summary>Meters are not read by this implementation: the same as true.</summary>
    public bool SuppressMeters { get; set; }
}

/// <summary>The scrape as a whole failed; the exporter answers 503 with the message.</summary>
public class ScrapeFailedException : Exception
{
    public ScrapeFailedException() { }
    public ScrapeFailedException(string message) : base(message) { }
    public ScrapeFailedException(string message, Exception inner) : base(message, inner) { }
}
