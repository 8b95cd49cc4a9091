using System.Diagnostics;
using Prometheus.Internal;

namespace Prometheus;

/// <summary>A set of metrics that is exported together.</summary>
public sealed class CollectorRegistry
{
    private static readonly string[] s_types = ["counter", "gauge", "histogram"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly List<Action> _callbacks = [];
    private readonly List<Func<CancellationToken, Task>> _asyncCallbacks = [];
    private Action? _beforeFirstCollect;
    private bool _collected;

    /// <summary>Registers an action that runs before each collection; what it throws is traced, except <see cref="ScrapeFailedException"/>.</summary>
    public void AddBeforeCollectCallback(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        lock (_lock)
            _callbacks.Add(callback);
    }

    /// <inheritdoc cref="AddBeforeCollectCallback(Action)"/>
    public void AddBeforeCollectCallback(Func<CancellationToken, Task> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        lock (_lock)
            _asyncCallbacks.Add(callback);
    }

    /// <summary>Writes all metrics in text format 0.0.4.</summary>
    public Task CollectAndExportAsTextAsync(Stream to, CancellationToken cancel = default) =>
        CollectAndExportAsTextAsync(to, ExpositionFormat.PrometheusText, cancel);

    /// <summary>Writes all metrics in the given format.</summary>
    public async Task CollectAndExportAsTextAsync(Stream to, ExpositionFormat format, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        await to.WriteAsync(await CollectAsync(format, cancel), cancel);
        await to.FlushAsync(cancel);
    }

    internal async Task<byte[]> CollectAsync(ExpositionFormat format, CancellationToken cancel)
    {
        await RunCallbacksAsync(cancel);
        var writer = new MetricsTextWriter(format);
        Collector[][] families;
        lock (_lock)
            families = [.. _families.Values.Select(family => family.Collectors.Values.ToArray())];
        foreach (var family in families)
        {
            // Metrics of one name with other labels share one declaration.
            for (var i = 0; i < family.Length; i++)
                family[i].Write(writer, declareFamily: i == 0);
        }
        return writer.Finish();
    }

    internal void BeforeFirstCollect(Action action)
    {
        lock (_lock)
            _beforeFirstCollect = _collected ? null : action;
    }

    internal TCollector GetOrAdd<TCollector>(string name, string[] labelNames, Func<TCollector> create)
        where TCollector : Collector
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            if (!_families.TryGetValue(name, out var family))
            {
                // Created before it is added: an invalid name leaves no family behind.
                var first = create();
                family = new Family(typeof(TCollector), new(StringsComparer.Instance) { [[.. labelNames]] = first });
                _families.Add(name, family);
                return first;
            }
            if (family.Type != typeof(TCollector))
                throw new InvalidOperationException("Collector of a different type with the same name is already registered.");
            if (!family.Collectors.TryGetValue(labelNames, out var collector))
                family.Collectors.Add([.. labelNames], collector = create());
            return (TCollector)collector;
        }
    }

    /// <summary>Adds the metrics that count families, instances and series by type.</summary>
    internal void CountItself()
    {
        var factory = new MetricFactory(this);
        var families = factory.CreateGauge("prometheus_net_metric_families", "Number of metric families currently registered.", ["metric_type"]);
        var instances = factory.CreateGauge("prometheus_net_metric_instances", "Number of metric instances currently registered across all metric families.", ["metric_type"]);
        var series = factory.CreateGauge("prometheus_net_metric_timeseries", "Number of metric timeseries currently generated from all metric instances.", ["metric_type"]);
        AddBeforeCollectCallback(() =>
        {
            Collector[] all;
            lock (_lock)
                all = [.. _families.Values.SelectMany(family => family.Collectors.Values)];
            foreach (var type in s_types)
            {
                var collectors = all.Where(collector => collector.TypeName == type).ToArray();
                families.WithLabels(type).Set(collectors.Select(collector => collector.Name).Distinct().Count());
                instances.WithLabels(type).Set(collectors.Sum(collector => collector.ChildCount));
                series.WithLabels(type).Set(collectors.Sum(collector => collector.TimeseriesCount));
            }
        });
    }

    private async Task RunCallbacksAsync(CancellationToken cancel)
    {
        Action? first = null;
        lock (_lock)
        {
            if (!_collected)
                (_collected, first, _beforeFirstCollect) = (true, _beforeFirstCollect, null);
        }
        first?.Invoke();
        Action[] callbacks;
        Func<CancellationToken, Task>[] asyncCallbacks;
        lock (_lock)
            (callbacks, asyncCallbacks) = ([.. _callbacks], [.. _asyncCallbacks]);
        foreach (var callback in callbacks)
        {
            await GuardAsync(_ =>
            {
                callback();
                return Task.CompletedTask;
            });
        }
        await Task.WhenAll(asyncCallbacks.Select(GuardAsync));

        async Task GuardAsync(Func<CancellationToken, Task> callback)
        {
            try
            {
                await callback(cancel);
            }
            catch (Exception exception) when (exception is not ScrapeFailedException)
            {
                Trace.WriteLine($"Metrics before-collect callback failed: {exception}");
            }
        }
    }

    private sealed record Family(Type Type, Dictionary<string[], Collector> Collectors);
}
