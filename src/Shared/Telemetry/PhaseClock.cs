namespace TrainingCluster.Telemetry;

/// <summary>
/// Tells a thread that is stuck in a phase from one that works: a phase that takes ten times as long as it ever did is no work. What a
/// phase takes depends on the model, so the first of its kind is not judged. Only what computes is judged.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class PhaseClock(TimeProvider time)
{
    private const int Factor = 10;
    private readonly Lock _gate = new();
    private readonly TimeSpan[] _longest = new TimeSpan[Enum.GetValues<TrainingPhase>().Length];
    private TrainingPhase? _phase;
    private long _entered;

    /// <summary>The thread enters a phase, and leaves the one before. Null: it rests.</summary>
    public void Enter(TrainingPhase? phase)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (_phase is { } left)
            {
                var took = time.GetElapsedTime(_entered, now);
                _longest[(int)left] = took > _longest[(int)left] ? took : _longest[(int)left];
            }
            (_phase, _entered) = (phase, now);
        }
    }

    /// <summary>The phase in which the thread is stuck, and for how long; null: it works, waits for peers, or rests.</summary>
    /// <param name="least">Nothing shorter counts.</param>
    public (TrainingPhase Phase, TimeSpan Since)? Stuck(TimeSpan least)
    {
        lock (_gate)
        {
            // In the others it waits for peers or for a disk too, and they have time limits of their own.
            if (_phase is not { } phase || phase is not (TrainingPhase.Forward or TrainingPhase.Backward or TrainingPhase.Update))
            {
                return null;
            }
            var longest = _longest[(int)phase];
            var since = time.GetElapsedTime(_entered);
            return longest > TimeSpan.Zero && since >= least && since >= longest * Factor ? (phase, since) : null;
        }
    }
}
