namespace TrainingCluster.Worker.Measurement;

/// <summary>
/// The median of the last few values: one that is far off does not move it, a lasting change does after half as many values as it
/// looks back on. One thread adds, any may read.
/// </summary>
/// <param name="window">How many values it looks back on.</param>
/// <param name="fewest">With fewer it says nothing.</param>
internal sealed class RunningMedian(int window, int fewest)
{
    private readonly Queue<double> _last = new(window);
    private double _median;

    /// <summary>The median; 0: too few values yet.</summary>
    public double Value => Volatile.Read(ref _median);

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        if (_last.Count == window)
        {
            _last.Dequeue();
        }
        _last.Enqueue(value);
        if (_last.Count < fewest)
        {
            return;
        }
        var sorted = _last.Order().ToArray();
        Volatile.Write(ref _median, (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2);
    }
}
