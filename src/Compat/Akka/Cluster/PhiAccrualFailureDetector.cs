using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>
/// How likely it is that a peer is gone, from the times between its past heartbeats: phi = −log10 of the probability
/// that a heartbeat comes even later than now, with a normal distribution
/// (Hayashibara et al., "The φ accrual failure detector", 2004).
/// </summary>
internal sealed class PhiAccrualFailureDetector
{
    private readonly FailureDetectorSettings _settings;
    private readonly TimeProvider _time;
    private readonly Queue<double> _intervals = new();
    private double _sum;
    private double _sumOfSquares;
    private long _last;
    private bool _started;

    internal PhiAccrualFailureDetector(FailureDetectorSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        // Two samples stand for the history that a new peer lacks.
        var mean = settings.HeartbeatInterval.TotalMilliseconds;
        Add(mean - (mean / 4));
        Add(mean + (mean / 4));
    }

    internal bool IsAvailable => Phi() < _settings.Threshold;

    internal void Heartbeat()
    {
        var now = _time.GetTimestamp();
        // A pause that counted as a failure would spoil the statistics.
        if (_started && IsAvailable) Add(_time.GetElapsedTime(_last, now).TotalMilliseconds);
        (_last, _started) = (now, true);
    }

    internal double Phi() => _started ? Phi(_time.GetElapsedTime(_last).TotalMilliseconds) : 0;

    private double Phi(double elapsed)
    {
        var average = _sum / _intervals.Count;
        var deviation = Math.Max(Math.Sqrt(Math.Max(0, (_sumOfSquares / _intervals.Count) - (average * average))), _settings.MinStdDeviation.TotalMilliseconds);
        var mean = average + _settings.AcceptableHeartbeatPause.TotalMilliseconds;
        var y = (elapsed - mean) / deviation;
        // The logistic approximation of the normal distribution's tail.
        var e = Math.Exp(-y * (1.5976 + (0.070566 * y * y)));
        return elapsed > mean ? -Math.Log10(e / (1 + e)) : -Math.Log10(1 - (1 / (1 + e)));
    }

    private void Add(double interval)
    {
        if (_intervals.Count >= _settings.MaxSampleSize)
        {
            var oldest = _intervals.Dequeue();
            _sum -= oldest;
            _sumOfSquares -= oldest * oldest;
        }
        _intervals.Enqueue(interval);
        _sum += interval;
        _sumOfSquares += interval * interval;
    }
}

/// <summary>The settings <c>akka.cluster.failure-detector</c>.</summary>
internal sealed record FailureDetectorSettings(TimeSpan HeartbeatInterval, double Threshold, int MaxSampleSize, TimeSpan MinStdDeviation, TimeSpan AcceptableHeartbeatPause, TimeSpan ExpectedResponseAfter, int MonitoredByNrOfMembers)
{
    internal static FailureDetectorSettings From(Config config) => new(
        config.GetTimeSpan("heartbeat-interval"),
        config.GetDouble("threshold"),
        config.GetInt("max-sample-size"),
        config.GetTimeSpan("min-std-deviation"),
        config.GetTimeSpan("acceptable-heartbeat-pause"),
        config.GetTimeSpan("expected-response-after"),
        config.GetInt("monitored-by-nr-of-members"));
}
