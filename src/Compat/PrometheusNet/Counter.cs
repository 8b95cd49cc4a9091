using Prometheus.Internal;

namespace Prometheus;

/// <summary>A value that only grows.</summary>
public sealed class Counter : Collector<Counter.Child>, ICounter
{
    internal Counter(string name, string help, string[] labelNames, CounterConfiguration? configuration)
        : base(name, help, labelNames, configuration?.SuppressInitialValue ?? false)
    {
    }

    public double Value => Unlabelled.Value;

    internal override string TypeName => "counter";

    public void Inc(double increment = 1.0) => Unlabelled.Inc(increment);

    public void IncTo(double targetValue) => Unlabelled.IncTo(targetValue);

    public void Publish() => Unlabelled.Publish();

    public void Unpublish() => Unlabelled.Unpublish();

    internal override Child NewChild(string[] labelValues, string labels) => new(this, labelValues, labels);

    public sealed class Child : ChildBase, ICounter
    {
        private AtomicDouble _value;

        internal Child(Collector parent, string[] labelValues, string labels) : base(parent, labelValues, labels) { }

        public double Value => _value.Value;

        public void Inc(double increment = 1.0)
        {
            if (increment < 0)
                throw new ArgumentOutOfRangeException(nameof(increment), increment, "Counter value cannot decrease.");
            _value.Add(increment);
            Publish();
        }

        /// <summary>Raises the value to <paramref name="targetValue"/>; does nothing when it is already as high.</summary>
        public void IncTo(double targetValue)
        {
            _value.RaiseTo(targetValue);
            Publish();
        }

        internal override void Write(MetricsTextWriter writer) => writer.Sample(Name, LabelText, Value);
    }
}
