using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos;

/// <summary>
/// Carries the frames of a link that was taken apart, in both directions, as badly as <see cref="LossyLine"/> says. One thread
/// waits for frames that come and for those that are due.
/// </summary>
internal sealed class LossyLink : IAsyncDisposable
{
    /// <summary>How soon it sees that it is to end.</summary>
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _ended = new();
    private readonly Tap _near;
    private readonly Tap _far;
    private readonly TimeProvider _time;
    private readonly Task _carrying;
    private volatile LineCounts _counts = new(0, 0, 0, 0);

    /// <summary>Begins to carry.</summary>
    /// <param name="near">The device at one end of the link; it stays its owner's.</param>
    /// <param name="far">The device at the other.</param>
    /// <param name="seed">What becomes of the frames is drawn from it.</param>
    /// <param name="time">The clock.</param>
    public LossyLink(Tap near, Tap far, ulong seed, TimeProvider time)
    {
        (_near, _far, _time) = (near, far, time);
        _carrying = Task.Factory.StartNew(
            () => Carry(new LossyLine(new DeterministicRandom(seed, 0)), new LossyLine(new DeterministicRandom(seed, 1))),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
    }

    /// <summary>What became of the frames so far, in both directions together.</summary>
    public LineCounts Counts => _counts;

    /// <summary>Ends it; what is under way is lost.</summary>
    /// <exception cref="IOException">It had ended before, because a device failed.</exception>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _carrying;
        _ended.Dispose();
    }

    private void Carry(LossyLine outward, LossyLine inward)
    {
        var buffer = new byte[ushort.MaxValue];
        var began = _time.GetTimestamp();
        while (!_ended.IsCancellationRequested)
        {
            var wait = Earliest(outward.NextDue, inward.NextDue) is { } due ? due - _time.GetElapsedTime(began) : s_turn;
            var (fromNear, fromFar) = Tap.Wait(
                _near,
                _far,
                wait < TimeSpan.Zero ? TimeSpan.Zero
                    : wait > s_turn ? s_turn
                    : wait
            );
            var now = _time.GetElapsedTime(began);
            if (fromNear)
            {
                outward.Send(buffer[.._near.Read(buffer)], now);
            }
            if (fromFar)
            {
                inward.Send(buffer[.._far.Read(buffer)], now);
            }
            while (outward.TryArrive(now, out var frame))
            {
                _far.Write(frame);
            }
            while (inward.TryArrive(now, out var frame))
            {
                _near.Write(frame);
            }
            _counts = outward.Counts + inward.Counts;
        }
    }

    private static TimeSpan? Earliest(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;
}
