using TrainingCluster.Worker.Measurement;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// How long a job's steps take, and how long members have waited for one another in them: by it a peer's silence is judged. It outlives
/// generations, so that a peer that fails in the first steps of one is noticed as well. The training thread adds, any may read.
/// </summary>
internal sealed class StepTempo
{
    private const int FirstSteps = 3;
    private const int WaitsKept = 64;

    private readonly RunningMedian _stepSeconds = new(9, FirstSteps);
    private readonly Queue<TimeSpan> _waits = new(WaitsKept);
    private int _stepsOfGeneration;

    /// <summary>A new generation begins: maybe with members whose first steps take longer.</summary>
    public void Begin() => _stepsOfGeneration = 0;

    /// <summary>A step is done.</summary>
    public void StepDone(TimeSpan took)
    {
        _stepSeconds.Add(took.TotalSeconds);
        _stepsOfGeneration++;
    }

    /// <summary>A wait for peers within a step has ended well.</summary>
    public void Waited(TimeSpan time)
    {
        if (_waits.Count == WaitsKept)
        {
            _waits.Dequeue();
        }
        _waits.Enqueue(time);
    }

    /// <summary>How long a peer may be silent within a step.</summary>
    /// <param name="options">The limits that follow from the time-out.</param>
    /// <param name="ownPart">What this worker's own part of this step took.</param>
    /// <remarks>
    /// A step takes more than eight times as long as it did only where something is wrong. Where steps are short, it is the machine that
    /// makes members wait now and then: for four times as long as it did so lately.
    /// </remarks>
    public TimeSpan Limit(CollectiveOptions options, TimeSpan ownPart)
    {
        if (_stepSeconds.Value == 0)
        {
            return options.WaitAfter(ownPart);
        }
        var usual = 8 * Math.Max(TimeSpan.FromSeconds(_stepSeconds.Value).Ticks, ownPart.Ticks);
        var (least, most) = (options.LeastSilence.Ticks, options.SilenceAtFirst.Ticks);
        var noise = _stepsOfGeneration < FirstSteps ? most : Math.Clamp(4 * _waits.DefaultIfEmpty().Max().Ticks, least, most);
        return TimeSpan.FromTicks(Math.Max(usual, noise));
    }
}
