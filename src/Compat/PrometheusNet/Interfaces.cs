namespace Prometheus;

/// <summary>One time series (or group of series) of a metric.</summary>
public interface ICollectorChild;

/// <summary>A metric by name; its children carry the label values.</summary>
public interface ICollector
{
    string Name { get; }
    string Help { get; }
    string[] LabelNames { get; }
}

public interface ICollector<out TChild> : ICollector
    where TChild : ICollectorChild
{
    TChild Unlabelled { get; }
    TChild WithLabels(params string[] labelValues);
    TChild WithLabels(ReadOnlyMemory<string> labelValues);
    TChild WithLabels(ReadOnlySpan<string> labelValues);
}

public interface ICounter : ICollectorChild
{
    void Inc(double increment = 1.0);
    void IncTo(double targetValue);
    double Value { get; }
}

public interface IGauge : ICollectorChild
{
    void Inc(double increment = 1);
    void Set(double val);
    void Dec(double decrement = 1);
    void IncTo(double targetValue);
    void DecTo(double targetValue);
    double Value { get; }
}

public interface IObserver : ICollectorChild
{
    void Observe(double val);
}

public interface IHistogram : IObserver
{
    void Observe(double val, long count);
    double Sum { get; }
    long Count { get; }
}

/// <summary>Observes the elapsed seconds when <see cref="ObserveDuration"/> is called or when disposed of.</summary>
public interface ITimer : IDisposable
{
    TimeSpan ObserveDuration();
}

public interface IMetricFactory
{
    Counter CreateCounter(string name, string help, CounterConfiguration? configuration = null);
    Gauge CreateGauge(string name, string help, GaugeConfiguration? configuration = null);
    Histogram CreateHistogram(string name, string help, HistogramConfiguration? configuration = null);
    Counter CreateCounter(string name, string help, string[] labelNames, CounterConfiguration? configuration = null);
    Gauge CreateGauge(string name, string help, string[] labelNames, GaugeConfiguration? configuration = null);
    Histogram CreateHistogram(string name, string help, string[] labelNames, HistogramConfiguration? configuration = null);
}
