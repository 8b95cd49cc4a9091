using Prometheus.Internal;

namespace Prometheus;

/// <summary>A metric with one set of label values.</summary>
public abstract class ChildBase : ICollectorChild, IDisposable
{
    private readonly Collector _parent;
    private readonly string[] _labelValues;
    private volatile bool _published;

    internal ChildBase(Collector parent, string[] labelValues, string labels)
    {
        _parent = parent;
        _labelValues = labelValues;
        LabelText = labels;
    }

    internal bool IsPublished => _published;

    internal string Name => _parent.Name;

    /// <summary>The label pairs as exported, without braces.</summary>
    internal string LabelText { get; }

    public void Publish() => _published = true;

    public void Unpublish() => _published = false;

    public void Remove() => _parent.RemoveChild(_labelValues);

    public void Dispose() => Remove();

    internal abstract void Write(MetricsTextWriter writer);
}
