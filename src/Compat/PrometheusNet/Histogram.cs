using Prometheus.Internal;

namespace Prometheus;

/// <summary>Counts observations by upper bound, with their sum.</summary>
public sealed class Histogram : Collector<Histogram.Child>, IHistogram
{
    private static readonly double[] s_defaultBuckets = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10];

    private readonly double[] _bounds;

    internal Histogram(string name, string help, string[] labelNames, HistogramConfiguration? configuration)
        : base(name, help, labelNames, configuration?.SuppressInitialValue ?? false)
    {
        if (labelNames.Contains("le", StringComparer.Ordinal))
            throw new ArgumentException("'le' is a reserved label name", nameof(labelNames));
        var bounds = configuration?.Buckets ?? s_defaultBuckets;
        if (bounds.Length == 0)
            throw new ArgumentException("Histogram must have at least one bucket", nameof(configuration));
        if (!double.IsPositiveInfinity(bounds[^1]))
            bounds = [.. bounds, double.PositiveInfinity];
        for (var i = 1; i < bounds.Length; i++)
        {
            if (!(bounds[i] > bounds[i - 1]))
                throw new ArgumentException("Bucket values must be increasing", nameof(configuration));
        }
        _bounds = bounds;
    }

    public double Sum => Unlabelled.Sum;

    public long Count => Unlabelled.Count;

    internal override string TypeName => "histogram";

    // Sum, count and one series a bucket.
    internal override int TimeseriesCount => ChildCount * (2 + _bounds.Length);

    public void Observe(double val) => Unlabelled.Observe(val, 1);

    public void Observe(double val, long count) => Unlabelled.Observe(val, count);

    public void Publish() => Unlabelled.Publish();

    public void Unpublish() => Unlabelled.Unpublish();

    /// <summary><paramref name="count"/> bounds, each <paramref name="factor"/> times the one before, from <paramref name="start"/>.</summary>
    public static double[] ExponentialBuckets(double start, double factor, int count)
    {
        if (count <= 0)
            throw new ArgumentException($"{nameof(ExponentialBuckets)} needs a positive {nameof(count)}");
        if (start <= 0)
            throw new ArgumentException($"{nameof(ExponentialBuckets)} needs a positive {nameof(start)}");
        if (factor <= 1)
            throw new ArgumentException($"{nameof(ExponentialBuckets)} needs a {nameof(factor)} greater than 1");
        // Decimal keeps 0.001 * 10 * 10 … free of binary rounding in the label texts.
        var next = (decimal)start;
        var buckets = new double[count];
        for (var i = 0; i < count; i++, next *= (decimal)factor)
            buckets[i] = (double)next;
        return buckets;
    }

    /// <summary><paramref name="count"/> bounds, <paramref name="width"/> apart, from <paramref name="start"/>.</summary>
    public static double[] LinearBuckets(double start, double width, int count)
    {
        if (count <= 0)
            throw new ArgumentException($"{nameof(LinearBuckets)} needs a positive {nameof(count)}");
        var next = (decimal)start;
        var buckets = new double[count];
        for (var i = 0; i < count; i++, next += (decimal)width)
            buckets[i] = (double)next;
        return buckets;
    }

    internal override Child NewChild(string[] labelValues, string labels) => new(this, labelValues, labels);

    public sealed class Child : ChildBase, IHistogram
    {
        private readonly double[] _bounds;
        private readonly long[] _counts;
        private AtomicDouble _sum;

        internal Child(Histogram parent, string[] labelValues, string labels) : base(parent, labelValues, labels)
        {
            _bounds = parent._bounds;
            _counts = new long[_bounds.Length];
        }

        public double Sum => _sum.Value;

        public long Count
        {
            get
            {
                var total = 0L;
                for (var i = 0; i < _counts.Length; i++)
                    total += Interlocked.Read(ref _counts[i]);
                return total;
            }
        }

        public void Observe(double val) => Observe(val, 1);

        public void Observe(double val, long count)
        {
            if (double.IsNaN(val))
                return;
            var bucket = 0;
            while (val > _bounds[bucket])
                bucket++;
            Interlocked.Add(ref _counts[bucket], count);
            _sum.Add(val * count);
            Publish();
        }

        internal override void Write(MetricsTextWriter writer)
        {
            // Read once: the count must equal the last bucket even while others observe.
            var counts = new long[_counts.Length];
            for (var i = 0; i < counts.Length; i++)
                counts[i] = Interlocked.Read(ref _counts[i]);
            writer.Sample(Name + "_sum", LabelText, Sum);
            writer.Sample(Name + "_count", LabelText, counts.Sum());
            var cumulative = 0L;
            for (var i = 0; i < counts.Length; i++)
                writer.Bucket(Name + "_bucket", LabelText, _bounds[i], cumulative += counts[i]);
        }
    }
}
