namespace TrainingCluster.Hosting;

/// <summary>
/// The time of day at which a program started, and what has passed since by the monotonic clock. Code that judges by differences
/// (a worker that has been silent for so long) judges by this: a wall clock that is set takes nobody for dead.
/// </summary>
/// <param name="source">The clocks.</param>
public sealed class SteadyTime(TimeProvider source) : TimeProvider
{
    private readonly DateTimeOffset _began = source.GetUtcNow();
    private readonly long _timestamp = source.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => source.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _began + source.GetElapsedTime(_timestamp);

    /// <inheritdoc/>
    public override long GetTimestamp() => source.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        source.CreateTimer(callback, state, dueTime, period);
}
