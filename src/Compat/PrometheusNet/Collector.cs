using System.Text.RegularExpressions;
using Prometheus.Internal;

namespace Prometheus;

/// <summary>A metric: a name, a help text, label names and a child for each set of label values.</summary>
public abstract partial class Collector
{
    private readonly string[] _labelNames;

    internal Collector(string name, string help, string[] labelNames)
    {
        if (!ValidName().IsMatch(name))
            throw new ArgumentException($"Metric name '{name}' does not match regex '{ValidName()}'.", nameof(name));
        foreach (var label in labelNames)
        {
            if (label is null)
                throw new ArgumentException("One of the label names was null.", nameof(labelNames));
            if (!ValidName().IsMatch(label))
                throw new ArgumentException($"Label name '{label}' does not match regex '{ValidName()}'.", nameof(labelNames));
            if (label.StartsWith("__", StringComparison.Ordinal))
                throw new ArgumentException($"Label name '{label}' is not valid: names that begin with two underscores are reserved.", nameof(labelNames));
        }
        if (labelNames.Distinct(StringComparer.Ordinal).Count() != labelNames.Length)
            throw new InvalidOperationException($"The label names include duplicates: {string.Join(", ", labelNames)}");
        Name = name;
        Help = help;
        _labelNames = [.. labelNames];
    }

    public string Name { get; }

    public string Help { get; }

    public string[] LabelNames => [.. _labelNames];

    internal abstract string TypeName { get; }

    internal abstract int ChildCount { get; }

    internal abstract int TimeseriesCount { get; }

    internal abstract void Write(MetricsTextWriter writer, bool declareFamily);

    internal abstract void RemoveChild(string[] labelValues);

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]*$")]
    private static partial Regex ValidName();
}

public abstract class Collector<TChild> : Collector, ICollector<TChild>
    where TChild : ChildBase
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string[], TChild> _children = new(StringsComparer.Instance);
    private readonly string[] _names;
    private readonly bool _publishAtOnce;
    private volatile TChild? _unlabelled;

    internal Collector(string name, string help, string[] labelNames, bool suppressInitialValue)
        : base(name, help, labelNames)
    {
        _names = LabelNames;
        _publishAtOnce = !suppressInitialValue;
    }

    TChild ICollector<TChild>.Unlabelled => Unlabelled;

    protected internal TChild Unlabelled => _unlabelled ??= GetOrAdd([]);

    public TChild Labels(params string[] labelValues) => WithLabels(labelValues);

    public TChild WithLabels(params string[] labelValues)
    {
        ArgumentNullException.ThrowIfNull(labelValues);
        return GetOrAdd(labelValues);
    }

    public TChild WithLabels(ReadOnlyMemory<string> labelValues) => GetOrAdd(labelValues.ToArray());

    public TChild WithLabels(ReadOnlySpan<string> labelValues) => GetOrAdd(labelValues.ToArray());

    /// <summary>Forgets the child: its series are no longer exported.</summary>
    public void RemoveLabelled(params string[] labelValues)
    {
        ArgumentNullException.ThrowIfNull(labelValues);
        CheckCount(labelValues);
        RemoveChild(labelValues);
    }

    public IEnumerable<string[]> GetAllLabelValues()
    {
        lock (_lock)
            return [.. _children.Keys.Where(values => values.Length > 0).Select(values => (string[])values.Clone())];
    }

    internal override int ChildCount
    {
        get
        {
            lock (_lock)
                return _children.Count;
        }
    }

    internal override int TimeseriesCount => ChildCount;

    internal abstract TChild NewChild(string[] labelValues, string labels);

    internal override void RemoveChild(string[] labelValues)
    {
        lock (_lock)
        {
            _children.Remove(labelValues);
            if (labelValues.Length == 0)
                _unlabelled = null;
        }
    }

    internal override void Write(MetricsTextWriter writer, bool declareFamily)
    {
        if (_names.Length == 0)
            _ = Unlabelled;
        if (declareFamily)
            writer.Family(Name, Help, TypeName);
        TChild[] children;
        lock (_lock)
            children = [.. _children.Values];
        foreach (var child in children)
        {
            if (child.IsPublished)
                child.Write(writer);
        }
    }

    private TChild GetOrAdd(string[] values)
    {
        lock (_lock)
        {
            if (_children.TryGetValue(values, out var child))
                return child;
            if (values.Length > 0)
                CheckCount(values);
            string[] own = [.. values];
            child = NewChild(own, MetricsTextWriter.Labels(_names, own));
            if (_publishAtOnce)
                child.Publish();
            _children.Add(own, child);
            return child;
        }
    }

    private void CheckCount(string[] values)
    {
        if (values.Length != _names.Length)
            throw new ArgumentException($"'{Name}' has {_names.Length} labels ({string.Join(", ", _names)}) but {values.Length} values were given.");
        if (Array.Exists(values, value => value is null))
            throw new ArgumentNullException(nameof(values), $"A label value of '{Name}' is null.");
    }
}
