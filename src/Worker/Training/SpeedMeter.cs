using TrainingCluster.Worker.Measurement;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// A worker's speed in one job, from the time that computing its shards takes. The training thread adds, others read.
/// </summary>
internal sealed class SpeedMeter
{
    /// <summary>How many steps it looks back on.</summary>
    public const int Steps = 9;

    /// <summary>With fewer steps it says nothing: the first ones of a process are slow.</summary>
    public const int FewestSteps = 5;

    private readonly RunningMedian _median = new(Steps, FewestSteps);

    /// <summary>Logical shards a second of pure computing; 0: not measured yet.</summary>
    public double ShardsPerSecond => _median.Value;

    /// <summary>Notes a step.</summary>
    /// <param name="shards">How many micro-batches this worker computed.</param>
    /// <param name="compute">How long that took, without waiting for others.</param>
    public void Add(long shards, TimeSpan compute)
    {
        if (shards > 0 && compute > TimeSpan.Zero)
        {
            _median.Add(shards / compute.TotalSeconds);
        }
    }
}
