namespace Prometheus;

public static class GaugeExtensions
{
    /// <summary>Sets the gauge to the seconds since the Unix epoch at <paramref name="timestamp"/>.</summary>
    public static void SetToTimeUtc(this IGauge gauge, DateTimeOffset timestamp) =>
        gauge.Set((timestamp - DateTimeOffset.UnixEpoch).TotalSeconds);

    /// <summary>Adds one now and takes it away when disposed of.</summary>
    public static IDisposable TrackInProgress(this IGauge gauge)
    {
        ArgumentNullException.ThrowIfNull(gauge);
        gauge.Inc();
        return new InProgress(gauge);
    }

    private sealed class InProgress(IGauge gauge) : IDisposable
    {
        private IGauge? _gauge = gauge;

        public void Dispose() => Interlocked.Exchange(ref _gauge, null)?.Dec();
    }
}
