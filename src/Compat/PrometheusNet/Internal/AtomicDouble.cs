namespace Prometheus.Internal;

/// <summary>A double that many threads add to.</summary>
internal struct AtomicDouble
{
    private double _value;

    public double Value
    {
        readonly get => Volatile.Read(in _value);
        set => Volatile.Write(ref _value, value);
    }

    public void Add(double increment)
    {
        double seen, wanted;
        do
        {
            seen = Value;
            wanted = seen + increment;
        }
        while (!Swap(seen, wanted));
    }

    public void RaiseTo(double target)
    {
        double seen;
        do
        {
            seen = Value;
            if (seen >= target)
                return;
        }
        while (!Swap(seen, target));
    }

    public void LowerTo(double target)
    {
        double seen;
        do
        {
            seen = Value;
            if (seen <= target)
                return;
        }
        while (!Swap(seen, target));
    }

    // Compares bits, not values: NaN never equals itself.
    private bool Swap(double seen, double wanted) =>
        BitConverter.DoubleToInt64Bits(Interlocked.CompareExchange(ref _value, wanted, seen)) == BitConverter.DoubleToInt64Bits(seen);
}
